// elf.*: the library or program as a file. What docs/growth.md promises about other machines.
#include <algorithm>
#include <charconv>
#include <filesystem>

#include "host/check/cases.hpp"
#include "host/check/elf_symbols.hpp"
#include "sandbox/cell/elf_check.hpp"

namespace bulkhead::check {
namespace {

constexpr std::size_t kLargestLibrary = std::size_t{1} << 30;
// Every machine has these: glibc with its parts, and the C++ library.
constexpr const char* kEverywhere[] = {"libc.so.6",
                                       "libm.so.6",
                                       "libdl.so.2",
                                       "libpthread.so.0",
                                       "librt.so.1",
                                       "libresolv.so.2",
                                       "libutil.so.1",
                                       "libstdc++.so.6",
                                       "libgcc_s.so.1",
                                       "libatomic.so.1",
                                       "libgomp.so.1",
                                       "ld-linux-x86-64.so.2",
                                       "ld-linux-aarch64.so.1"};
// Debian 12, where Bulkhead is built and tested.
struct Newest {
  const char* family;
  std::vector<unsigned> version;
};
const Newest kNewest[] = {{"GLIBC_", {2, 36}}, {"GLIBCXX_", {3, 4, 30}}, {"CXXABI_", {1, 3, 13}}};

std::vector<unsigned> numbers(std::string_view text) {
  std::vector<unsigned> version;
  for (std::size_t at = 0; at < text.size(); ++at) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), number);
    if (error != std::errc{}) return {};
    version.push_back(number);
    at = static_cast<std::size_t>(end - text.data());
  }
  return version;
}

void library(Subject& subject, Notes&) {
  subject.needs_library();
  if (auto problem = cell::check_library(subject.entry(), subject.folder()))
    throw Violation{problem->status == BH_NOT_FOUND ? "package.files" : "", problem->sentence,
                    "link as bulkhead_add_plugin() does: docs/growth.md"};
}

// Of the entry, where it is ELF. Throws Skip.
ElfSymbols symbols_of(Subject& subject) {
  std::string file;
  try {
    file = read_file(subject.entry(), kLargestLibrary);
  } catch (const Error& error) {
    throw Skip{error.what()};
  }
  auto symbols = read_symbols(file);
  if (!symbols && file.starts_with("\x7f"
                                   "ELF"))
    throw Skip{"the section headers of the file were stripped: it does not say what it needs"};
  if (!symbols) throw Skip{"the entry is a script"};
  return *symbols;
}

void exports(Subject& subject, Notes& notes) {
  subject.needs_library();
  ElfSymbols symbols = symbols_of(subject);
  std::erase(symbols.exported, BH_QUERY_SYMBOL);
  if (symbols.exported.empty()) return;
  std::sort(symbols.exported.begin(), symbols.exported.end());
  std::string list;
  for (std::size_t i = 0; i < std::min<std::size_t>(symbols.exported.size(), 5); ++i)
    list += (list.empty() ? "" : ", ") + symbols.exported[i];
  notes.figures = {{"symbols", static_cast<double>(symbols.exported.size())}};
  throw Violation{
      "",
      "it exports " + std::to_string(symbols.exported.size()) + " more: " + list +
          (symbols.exported.size() > 5 ? ", ..." : ""),
      "-fvisibility=hidden, a version script, and -Wl,--exclude-libs,ALL: docs/growth.md"};
}

bool in_package(const std::string& folder, const std::string& name) {
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().filename() == name) return true;
  }
  return false;
}

// Where a cell finds libraries: those of the system.
bool in_system(const std::string& name) {
  std::error_code error;
  for (const char* folder : {"/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib",
                             "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"}) {
    if (std::filesystem::exists(std::filesystem::path(folder) / name, error)) return true;
  }
  return false;
}

void needed(Subject& subject, Notes& notes) {
  const ElfSymbols symbols = symbols_of(subject);
  notes.figures = {{"libraries", static_cast<double>(symbols.needed.size())}};
  for (const std::string& name : symbols.needed) {
    if (std::find(std::begin(kEverywhere), std::end(kEverywhere), name) != std::end(kEverywhere) ||
        in_package(subject.folder(), name))
      continue;
    if (!in_system(name))
      throw Violation{"",
                      "it needs " + name + ", which is neither in its package nor on this machine",
                      "link it statically, or put it into the package: docs/growth.md"};
    notes.seen += (notes.seen.empty() ? "not every machine has " : ", ") + name;
  }
}

void floor(Subject& subject, Notes&) {
  const ElfSymbols symbols = symbols_of(subject);
  for (const std::string& name : symbols.versions) {
    for (const Newest& newest : kNewest) {
      if (!name.starts_with(newest.family)) continue;
      const auto version =
          numbers(std::string_view(name).substr(std::string_view(newest.family).size()));
      if (version.empty() || version <= newest.version) continue;
      throw Violation{"",
                      "it needs symbols of " + name + "; Debian 12 has none newer than " +
                          newest.family +
                          [&] {
                            std::string text;
                            for (const unsigned number : newest.version)
                              text += (text.empty() ? "" : ".") + std::to_string(number);
                            return text;
                          }(),
                      "build it on Debian 12 or older"};
    }
  }
}

constexpr const char* kGrowth = "docs/growth.md";

constexpr Case kCases[] = {
    {{"elf.library",
      "The entry is a whole library of this machine, without executable stack, writable code, or "
      "search paths out of the package.",
      kGrowth},
     library},
    {{"elf.exports", "It exports bulkhead_query and nothing else.", kGrowth}, exports},
    {{"elf.needed", "The libraries that it needs are in its package, or the system's.", kGrowth},
     needed},
    {{"elf.floor", "It needs no symbols newer than Debian 12's: glibc 2.36, g++ 12.", kGrowth},
     floor},
};

}  // namespace

std::span<const Case> elf_cases() { return kCases; }

}  // namespace bulkhead::check
