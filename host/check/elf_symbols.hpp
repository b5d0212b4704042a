// What a shared library exports and needs, read from its section headers. The file is hostile:
// every offset is held against its size.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::check {

struct ElfSymbols {
  std::vector<std::string> exported;  // defined, and visible outside
  std::vector<std::string> needed;    // libraries (DT_NEEDED)
  std::vector<std::string> versions;  // of symbols: "GLIBC_2.34", "GLIBCXX_3.4.30"
  bool dynamic = false;               // it has a dynamic symbol table
};

// Nothing where `file` is no ELF file of this machine's class with section headers.
std::optional<ElfSymbols> read_symbols(std::string_view file);

}  // namespace bulkhead::check
