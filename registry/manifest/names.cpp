#include "registry/manifest/names.hpp"

#include <algorithm>

namespace bulkhead::manifest {
namespace {

constexpr std::size_t kLongestId = 64;
constexpr std::size_t kLongestInterface = 128;
constexpr std::size_t kLongestRevision = 4;
constexpr std::string_view kDraft = "-draft";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kLongestId && is_lower(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

bool is_interface_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (text.size() > kLongestInterface || slash == std::string_view::npos) return false;
  std::string_view revision = text.substr(slash + 1);
  if (revision.ends_with(kDraft)) revision.remove_suffix(kDraft.size());
  if (revision.empty() || revision.size() > kLongestRevision || revision.front() == '0' ||
      !std::all_of(revision.begin(), revision.end(), is_digit)) {
    return false;
  }
  std::string_view name = text.substr(0, slash);
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!is_id(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

}  // namespace bulkhead::manifest
