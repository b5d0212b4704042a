#include "host/check/elf_symbols.hpp"

#include <elf.h>
#include <link.h>

#include <cstring>

namespace bulkhead::check {
namespace {

class File {
 public:
  explicit File(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  std::optional<T> at(std::uint64_t offset) const {
    T value;
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof value) return std::nullopt;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }
  // The bytes of a section; empty where they are not in the file.
  std::string_view bytes(const ElfW(Shdr) & section) const {
    if (section.sh_type == SHT_NOBITS || section.sh_offset > bytes_.size() ||
        bytes_.size() - section.sh_offset < section.sh_size)
      return {};
    return bytes_.substr(section.sh_offset, section.sh_size);
  }

 private:
  std::string_view bytes_;
};

std::string text_at(std::string_view table, std::uint64_t offset) {
  if (offset >= table.size()) return {};
  const std::string_view rest = table.substr(offset);
  return std::string(rest.substr(0, std::min(rest.find('\0'), std::size_t{4096})));
}

using Sections = std::vector<ElfW(Shdr)>;

Sections read_sections(const File& file, const ElfW(Ehdr) & header) {
  Sections sections;
  if (header.e_shoff == 0 || header.e_shentsize != sizeof(ElfW(Shdr))) return sections;
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    const auto section =
        file.at<ElfW(Shdr)>(header.e_shoff + std::uint64_t{i} * sizeof(ElfW(Shdr)));
    if (!section) return {};
    sections.push_back(*section);
  }
  return sections;
}

void read_table(std::string_view bytes, std::string_view names, ElfSymbols& symbols) {
  const File table(bytes);
  for (std::uint64_t at = 0; auto symbol = table.at<ElfW(Sym)>(at); at += sizeof *symbol) {
    const unsigned binding = ELF64_ST_BIND(symbol->st_info);
    const unsigned visibility = ELF64_ST_VISIBILITY(symbol->st_other);
    const bool visible = visibility == STV_DEFAULT || visibility == STV_PROTECTED;
    const bool defined = symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS;
    if (binding == STB_LOCAL || !visible || !defined) continue;
    symbols.exported.push_back(text_at(names, symbol->st_name));
  }
}

void read_dynamic(std::string_view bytes, std::string_view names, ElfSymbols& symbols) {
  const File table(bytes);
  for (std::uint64_t at = 0; auto entry = table.at<ElfW(Dyn)>(at); at += sizeof *entry) {
    if (entry->d_tag == DT_NULL) return;
    if (entry->d_tag == DT_NEEDED) symbols.needed.push_back(text_at(names, entry->d_un.d_val));
  }
}

// Lists in lists, each with the distance to the next: bounded, so that a loop among them ends.
void read_versions(std::string_view bytes, std::string_view names, ElfSymbols& symbols) {
  constexpr int kMost = 4096;
  const File table(bytes);
  std::uint64_t at = 0;
  for (int i = 0; i < kMost; ++i) {
    const auto library = table.at<ElfW(Verneed)>(at);
    if (!library) return;
    std::uint64_t inner = at + library->vn_aux;
    for (unsigned j = 0; j < library->vn_cnt && symbols.versions.size() < kMost; ++j) {
      const auto version = table.at<ElfW(Vernaux)>(inner);
      if (!version) return;
      symbols.versions.push_back(text_at(names, version->vna_name));
      if (version->vna_next == 0) break;
      inner += version->vna_next;
    }
    if (library->vn_next == 0) return;
    at += library->vn_next;
  }
}

}  // namespace

std::optional<ElfSymbols> read_symbols(std::string_view bytes) {
  const File file(bytes);
  const auto header = file.at<ElfW(Ehdr)>(0);
  constexpr unsigned char kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
      header->e_ident[EI_CLASS] != kClass)
    return std::nullopt;
  const Sections sections = read_sections(file, *header);
  if (sections.empty()) return std::nullopt;
  ElfSymbols symbols;
  for (const ElfW(Shdr) & section : sections) {
    const std::string_view names = section.sh_link < sections.size()
                                       ? file.bytes(sections[section.sh_link])
                                       : std::string_view();
    if (section.sh_type == SHT_DYNSYM) {
      symbols.dynamic = true;
      read_table(file.bytes(section), names, symbols);
    } else if (section.sh_type == SHT_DYNAMIC) {
      read_dynamic(file.bytes(section), names, symbols);
    } else if (section.sh_type == SHT_GNU_verneed) {
      read_versions(file.bytes(section), names, symbols);
    }
  }
  return symbols;
}

}  // namespace bulkhead::check
