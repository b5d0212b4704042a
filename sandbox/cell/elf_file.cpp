#include "sandbox/cell/elf_file.hpp"

#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace bulkhead::cell {
namespace {

constexpr std::size_t kMaxSegments = 256;
constexpr std::uint64_t kMaxDynamic = std::uint64_t{1} << 20;
constexpr std::size_t kMaxText = 4096;

std::optional<std::uint64_t> value_of(const std::vector<ElfFile::Entry>& entries, int tag) {
  for (const auto& entry : entries) {
    if (entry.d_tag == tag) return entry.d_un.d_val;
  }
  return std::nullopt;
}

// Where in the file an address of memory comes from.
std::optional<std::uint64_t> file_offset(const std::vector<ElfFile::Segment>& segments,
                                         std::uint64_t address) {
  for (const auto& segment : segments) {
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
    const std::uint64_t inside = address - segment.p_vaddr;
    if (inside < segment.p_filesz) return end_of(segment.p_offset, inside);
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t end_of(std::uint64_t offset, std::uint64_t size) {
  std::uint64_t end = 0;
  return __builtin_add_overflow(offset, size, &end) ? std::numeric_limits<std::uint64_t>::max()
                                                    : end;
}

bool ElfFile::read_at(std::uint64_t offset, void* out, std::size_t size) const {
  if (end_of(offset, size) > size_) return false;
  auto* bytes = static_cast<char*>(out);
  while (size > 0) {
    const ssize_t count = pread(file_.get(), bytes, size, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes += count;
    offset += static_cast<std::uint64_t>(count);
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

std::optional<ElfFile::Header> ElfFile::header() const {
  Header header{};
  return read_at(0, &header, sizeof header) ? std::optional(header) : std::nullopt;
}

std::optional<std::vector<ElfFile::Segment>> ElfFile::segments(const Header& header) const {
  if (header.e_phentsize != sizeof(Segment) || header.e_phnum == 0 ||
      header.e_phnum > kMaxSegments) {
    return std::nullopt;
  }
  std::vector<Segment> segments(header.e_phnum);
  if (!read_at(header.e_phoff, segments.data(), segments.size() * sizeof(Segment))) {
    return std::nullopt;
  }
  return segments;
}

std::optional<std::vector<ElfFile::Entry>> ElfFile::dynamic(
    const std::vector<Segment>& segments) const {
  // The loader takes the last one, and reads it where it is in memory, not by its file offset.
  const Segment* found = nullptr;
  for (const Segment& segment : segments) {
    if (segment.p_type == PT_DYNAMIC) found = &segment;
  }
  if (found == nullptr || found->p_filesz > kMaxDynamic) return std::nullopt;
  const auto offset = file_offset(segments, found->p_vaddr);
  if (!offset) return std::nullopt;
  std::vector<Entry> entries(found->p_filesz / sizeof(Entry));
  if (!read_at(*offset, entries.data(), entries.size() * sizeof(Entry))) return std::nullopt;
  const auto end = std::find_if(entries.begin(), entries.end(),
                                [](const Entry& entry) { return entry.d_tag == DT_NULL; });
  if (end == entries.end()) return std::nullopt;
  entries.erase(end, entries.end());
  return entries;
}

std::optional<std::string> ElfFile::text(const std::vector<Segment>& segments,
                                         const std::vector<Entry>& entries,
                                         std::uint64_t offset) const {
  const auto table = value_of(entries, DT_STRTAB);
  const auto table_size = value_of(entries, DT_STRSZ);
  if (!table || !table_size || offset >= *table_size) return std::nullopt;
  const auto start = file_offset(segments, end_of(*table, offset));
  if (!start || *start >= size_) return std::nullopt;
  const std::uint64_t most =
      std::min({*table_size - offset, size_ - *start, static_cast<std::uint64_t>(kMaxText)});
  std::string text(most, '\0');
  if (!read_at(*start, text.data(), text.size())) return std::nullopt;
  const std::size_t end = text.find('\0');
  if (end == std::string::npos) return std::nullopt;
  text.resize(end);
  return text;
}

}  // namespace bulkhead::cell
