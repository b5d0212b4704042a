// Bounded reading of an ELF file that may be anything: every offset and size is checked against the
// file, and nothing is mapped.
#pragma once

#include <elf.h>
#include <link.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::cell {

class ElfFile {
 public:
  using Header = ElfW(Ehdr);
  using Segment = ElfW(Phdr);
  using Entry = ElfW(Dyn);

  // `size` is the file's.
  ElfFile(wire::UniqueFd file, std::uint64_t size) : file_(std::move(file)), size_(size) {}

  std::uint64_t size() const { return size_; }
  // Nothing where the file is shorter, or can't be read.
  std::optional<Header> header() const;
  // All program headers; nothing where they reach beyond the file or are no table of this class.
  std::optional<std::vector<Segment>> segments(const Header& header) const;
  // The dynamic section up to its DT_NULL; nothing where it is not whole.
  std::optional<std::vector<Entry>> dynamic(const std::vector<Segment>& segments) const;
  // A string of the table that DT_STRTAB and DT_STRSZ of `entries` describe; nothing where it is
  // outside, or longer than 4096 bytes.
  std::optional<std::string> text(const std::vector<Segment>& segments,
                                  const std::vector<Entry>& entries, std::uint64_t offset) const;

 private:
  bool read_at(std::uint64_t offset, void* out, std::size_t size) const;

  wire::UniqueFd file_;
  std::uint64_t size_;
};

// offset + size, or the largest number where that overflows.
std::uint64_t end_of(std::uint64_t offset, std::uint64_t size);

}  // namespace bulkhead::cell
