#include "sandbox/cell/elf_check.hpp"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <bit>
#include <cerrno>
#include <filesystem>

#include "sandbox/cell/elf_file.hpp"
#include "sandbox/policy/sanitizer_runtime.hpp"

namespace bulkhead::cell {
namespace {

using Problem = std::optional<LibraryProblem>;
using Segments = std::vector<ElfFile::Segment>;
using Entries = std::vector<ElfFile::Entry>;

#if defined(__x86_64__)
constexpr unsigned kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kMachine = EM_AARCH64;
#else
#error "name this machine's ELF number here"
#endif

std::string machine_name(unsigned machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "aarch64";
    case EM_386:
      return "32-bit x86";
    case EM_ARM:
      return "32-bit ARM";
    case EM_RISCV:
      return "RISC-V";
    case EM_PPC64:
      return "PowerPC 64";
    case EM_S390:
      return "s390";
    case EM_LOONGARCH:
      return "LoongArch";
    default:
      return "machine number " + std::to_string(machine);
  }
}

class LibraryCheck {
 public:
  LibraryCheck(const std::string& path, const std::string& root)
      : path_(path), root_(root.empty() ? parent_of(path) : normal(root)) {}

  Problem run() const {
    wire::UniqueFd file(open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file) return open_problem(errno);
    struct stat status {};
    if (fstat(file.get(), &status) != 0) return problem(BH_IO_ERROR, strerror(errno));
    if (!S_ISREG(status.st_mode)) return problem(BH_DATA_INVALID, "is no regular file");
    const ElfFile elf(std::move(file), static_cast<std::uint64_t>(status.st_size));

    const auto header = elf.header();
    if (!header) return problem(BH_DATA_INVALID, "is no shared library: it is too short for one");
    if (Problem found = check_header(*header)) return found;
    const auto segments = elf.segments(*header);
    if (!segments) {
      return problem(BH_DATA_INVALID,
                     "is truncated or malformed: its program headers are not inside the file");
    }
    if (Problem found = check_extent(elf, *header, *segments)) return found;
    if (Problem found = check_stack(*segments)) return found;
    const auto entries = elf.dynamic(*segments);
    if (!entries) {
      return problem(BH_DATA_INVALID, "is malformed: it has no readable dynamic section");
    }
    return check_dynamic(elf, *segments, *entries);
  }

 private:
  static std::filesystem::path normal(const std::filesystem::path& path) {
    return path.lexically_normal();
  }
  static std::filesystem::path parent_of(const std::string& path) {
    return normal(path).parent_path();
  }

  LibraryProblem problem(bh_status status, const std::string& what) const {
    return {status, "the library " + path_ + " " + what};
  }

  LibraryProblem open_problem(int error) const {
    const std::string text = std::string("can't be opened (") + strerror(error) + ")";
    if (error == ENOENT || error == ENOTDIR) {
      return problem(BH_NOT_FOUND, text + ": the package's manifest names it, but it is not there");
    }
    if (error == EACCES) {
      return problem(BH_IO_ERROR, text +
                                      ": a cell runs as another user; make the package readable "
                                      "for others (chmod -R o+rX)");
    }
    return problem(BH_IO_ERROR, text);
  }

  Problem check_header(const ElfFile::Header& header) const {
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
      return problem(BH_DATA_INVALID,
                     "is no shared library: it does not begin as an ELF file does");
    }
    const std::string ours = machine_name(kMachine);
    if (header.e_ident[EI_CLASS] != ELFCLASS64) {
      return problem(BH_VERSION_MISMATCH, "is a 32-bit library; this machine is " + ours +
                                              ". Install the package for this machine");
    }
    constexpr auto kOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
    if (header.e_ident[EI_DATA] != kOrder) {
      return problem(BH_VERSION_MISMATCH, "is built for the other byte order; this machine is " +
                                              ours + ". Install the package for this machine");
    }
    if (header.e_machine != kMachine) {
      return problem(BH_VERSION_MISMATCH, "is built for " + machine_name(header.e_machine) +
                                              "; this machine is " + ours +
                                              ". Install the package for this machine");
    }
    if (header.e_type != ET_DYN) {
      return problem(BH_DATA_INVALID, "is an ELF file but no shared library; link it with -shared");
    }
    return std::nullopt;
  }

  Problem check_extent(const ElfFile& elf, const ElfFile::Header& header,
                       const Segments& segments) const {
    std::uint64_t needed =
        end_of(header.e_shoff, std::uint64_t{header.e_shnum} * header.e_shentsize);
    if (header.e_shoff == 0) needed = 0;  // section headers stripped: the loader needs none
    for (const auto& segment : segments) {
      if (segment.p_type == PT_LOAD && segment.p_filesz > segment.p_memsz) {
        return problem(BH_DATA_INVALID,
                       "is malformed: a segment is larger in the file than in "
                       "memory");
      }
      needed = std::max(needed, end_of(segment.p_offset, segment.p_filesz));
    }
    if (needed <= elf.size()) return std::nullopt;
    return problem(BH_DATA_INVALID, "is truncated: its segments need " + std::to_string(needed) +
                                        " bytes, the file has " + std::to_string(elf.size()) +
                                        ". Install the package again");
  }

  // The loader makes the stacks of the whole process executable for such a library; one that does
  // not say anything counts as asking for it.
  Problem check_stack(const Segments& segments) const {
    bool said = false, executable = false;
    for (const auto& segment : segments) {
      if (segment.p_type == PT_LOAD && (segment.p_flags & PF_W) && (segment.p_flags & PF_X)) {
        return problem(BH_DATA_INVALID,
                       "has a segment that is writable and executable, which a "
                       "cell refuses");
      }
      if (segment.p_type != PT_GNU_STACK) continue;
      said = true;
      executable = executable || (segment.p_flags & PF_X) != 0;
    }
    if (said && !executable) return std::nullopt;
    return problem(BH_DATA_INVALID,
                   "asks for an executable stack, which a cell refuses; link it "
                   "with -Wl,-z,noexecstack");
  }

  Problem check_dynamic(const ElfFile& elf, const Segments& segments,
                        const Entries& entries) const {
    for (const auto& entry : entries) {
      const std::uint64_t value = entry.d_un.d_val;
      if (entry.d_tag == DT_TEXTREL || (entry.d_tag == DT_FLAGS && (value & DF_TEXTREL))) {
        return problem(BH_DATA_INVALID,
                       "has text relocations, which need writable code and which a "
                       "cell refuses; compile all of it with -fPIC");
      }
      if (entry.d_tag == DT_FLAGS_1 && (value & DF_1_PIE)) {
        return problem(BH_DATA_INVALID, "is a program, not a library; link it with -shared");
      }
      const bool paths = entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH;
      const bool name =
          entry.d_tag == DT_NEEDED || entry.d_tag == DT_AUXILIARY || entry.d_tag == DT_FILTER;
      if (!paths && !name) continue;
      const auto text = elf.text(segments, entries, value);
      if (!text) {
        return problem(BH_DATA_INVALID,
                       "is malformed: a name in its dynamic section is not inside "
                       "the file");
      }
      if (Problem found = paths ? check_search_path(*text) : check_needed(*text)) return found;
    }
    return std::nullopt;
  }

  Problem check_search_path(const std::string& list) const {
    for (std::size_t at = 0; at <= list.size();) {
      const std::size_t end = std::min(list.find(':', at), list.size());
      const std::string folder = list.substr(at, end - at);
      at = end + 1;
      if (!is_inside_package(folder)) {
        return problem(BH_DATA_INVALID,
                       "searches its own libraries in '" + folder +
                           "' (RPATH or RUNPATH), outside of its package; use paths that begin "
                           "with $ORIGIN, or remove it (patchelf --remove-rpath)");
      }
    }
    return std::nullopt;
  }

  bool is_inside_package(const std::string& folder) const {
    std::string rest;
    for (const std::string origin : {"$ORIGIN", "${ORIGIN}"}) {
      if (folder.starts_with(origin)) rest = "." + folder.substr(origin.size());
    }
    // No other $TOKEN, and "$ORIGINAL" is none either.
    if (rest.empty() || rest.find('$') != std::string::npos) return false;
    if (rest.size() > 1 && rest[1] != '/') return false;
    const auto folder_path = normal(parent_of(path_) / rest);
    const auto relative = folder_path.lexically_relative(root_);
    return !relative.empty() && *relative.begin() != "..";
  }

  Problem check_needed(const std::string& name) const {
    if (name.find('/') != std::string::npos) {
      return problem(BH_DATA_INVALID, "needs the library '" + name +
                                          "' by its path; link with a name (soname) instead");
    }
    struct Sanitizer {
      const char* library;
      const char* name;
      unsigned flag;
    };
    constexpr Sanitizer kSanitizers[] = {
        {"libasan.so", "AddressSanitizer", BH_SANITIZER_ADDRESS},
        {"libclang_rt.asan", "AddressSanitizer", BH_SANITIZER_ADDRESS},
        {"libtsan.so", "ThreadSanitizer", BH_SANITIZER_THREAD},
        {"libclang_rt.tsan", "ThreadSanitizer", BH_SANITIZER_THREAD},
    };
    for (const Sanitizer& sanitizer : kSanitizers) {
      if (!name.starts_with(sanitizer.library)) continue;
      if ((sandbox::working_sanitizers() & sanitizer.flag) != 0) continue;
      return problem(BH_VERSION_MISMATCH,
                     std::string("is built with ") + sanitizer.name +
                         "; this cell is built without it. Use a build of the plugin without "
                         "sanitizers, or a build of Bulkhead with the same one");
    }
    return std::nullopt;
  }

  const std::string& path_;
  const std::filesystem::path root_;
};

}  // namespace

Problem check_library(const std::string& path, const std::string& root) {
  return LibraryCheck(path, root).run();
}

}  // namespace bulkhead::cell
