#include "special.hpp"

#include <algorithm>
#include <string>

namespace en_gpt2 {
namespace {

using bulkhead::sdk::PluginError;

const SpecialToken& named(std::string_view text, std::span<const SpecialToken> all,
                          std::string_view encoding) {
  std::string known;
  for (const SpecialToken& token : all) {
    if (token.text == text) return token;
    known += (known.empty() ? "" : ", ") + std::string(token.text);
  }
  throw PluginError(BH_INVALID_ARGUMENT, "\"" + std::string(text) + "\" is no special token of " +
                                             std::string(encoding) + ", which has: " + known + ".");
}

}  // namespace

void SpecialSet::add(const SpecialToken& token) {
  if (contains(token)) return;
  const auto place = std::find_if(tokens_.begin(), tokens_.end(), [&](const SpecialToken* other) {
    return other->text.size() < token.text.size();
  });
  tokens_.insert(place, &token);
}

bool SpecialSet::contains(const SpecialToken& token) const {
  return std::find(tokens_.begin(), tokens_.end(), &token) != tokens_.end();
}

std::optional<SpecialMatch> SpecialSet::find(std::string_view text, std::size_t from) const {
  if (tokens_.empty()) return std::nullopt;
  for (std::size_t at = from; (at = text.find('<', at)) != std::string_view::npos; ++at) {
    const std::string_view rest = text.substr(at);
    if (rest.size() < 2 || rest[1] != '|') continue;
    for (const SpecialToken* token : tokens_) {
      if (rest.starts_with(token->text)) return SpecialMatch{at, token};
    }
  }
  return std::nullopt;
}

SpecialSet check_special(std::string_view text, const bulkhead::sdk::SpecialRules& rules,
                         std::span<const SpecialToken> all, std::string_view encoding) {
  SpecialSet allowed, disallowed;
  for (const std::string_view name : rules.allowed) allowed.add(named(name, all, encoding));
  for (const std::string_view name : rules.disallowed) {
    const SpecialToken& token = named(name, all, encoding);
    if (!rules.allow_all && !allowed.contains(token)) disallowed.add(token);
  }
  for (const SpecialToken& token : all) {
    if (rules.allow_all) allowed.add(token);
    if (rules.disallow_all && !allowed.contains(token)) disallowed.add(token);
  }
  if (const auto match = disallowed.find(text, 0)) {
    throw PluginError(BH_CODEC_DISALLOWED_SPECIAL,
                      "The text has the special token " + std::string(match->token->text) +
                          " at byte " + std::to_string(match->at) +
                          ", which is disallowed. Allow it to encode it as its id, or take it off "
                          "the disallowed ones to encode its letters as ordinary text.");
  }
  return allowed;
}

}  // namespace en_gpt2
