// What is said about libraries that can't be loaded, made from a real one by breaking it.
#include <elf.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <stdexcept>
#include <vector>

#include "sandbox/cell/elf_check.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using cell::check_library;
using Bytes = std::vector<char>;

Bytes read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

ElfW(Ehdr) & header(Bytes& file) { return *reinterpret_cast<ElfW(Ehdr)*>(file.data()); }

ElfW(Phdr) & segment(Bytes& file, unsigned type) {
  auto* segments = reinterpret_cast<ElfW(Phdr)*>(file.data() + header(file).e_phoff);
  for (unsigned i = 0; i < header(file).e_phnum; ++i) {
    if (segments[i].p_type == type) return segments[i];
  }
  throw std::runtime_error("no such segment");
}

// An entry of the dynamic section that the loader can do without is turned into this one.
ElfW(Dyn) & spare_entry(Bytes& file) {
  const auto& section = segment(file, PT_DYNAMIC);
  auto* entry = reinterpret_cast<ElfW(Dyn)*>(file.data() + section.p_offset);
  for (; entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag == DT_INIT || entry->d_tag == DT_INIT_ARRAY) return *entry;
  }
  throw std::runtime_error("no such entry");
}

// Places a text over the name of the plugin's own symbol, and returns its offset in the table.
std::uint64_t put_text(Bytes& file, const std::string& text) {
  const std::string room(120, 'r');  // bulkhead_elf_sample exports such a name
  const auto at = std::search(file.begin(), file.end(), room.begin(), room.end());
  REQUIRE(at != file.end());
  std::copy(text.c_str(), text.c_str() + text.size() + 1, at);
  const auto& section = segment(file, PT_DYNAMIC);
  const auto* entry = reinterpret_cast<ElfW(Dyn)*>(file.data() + section.p_offset);
  for (; entry->d_tag != DT_NULL; ++entry) {
    // Tables are in the first segment, where addresses are offsets.
    if (entry->d_tag == DT_STRTAB) {
      return static_cast<std::uint64_t>(at - file.begin()) - entry->d_un.d_ptr;
    }
  }
  throw std::runtime_error("no string table");
}

class Library {
 public:
  Library() : bytes(read_file(BULKHEAD_ELF_SAMPLE)) {
    std::string name = (fs::temp_directory_path() / "bulkhead-elf-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder_ = name;
  }
  ~Library() { fs::remove_all(folder_); }

  std::string path() const { return (folder_ / "plugin.so").string(); }
  std::optional<cell::LibraryProblem> check() {
    std::ofstream(path(), std::ios::binary).write(bytes.data(), static_cast<long>(bytes.size()));
    return check_library(path());
  }
  void expect(bh_status status, const std::string& words) {
    const auto problem = check();
    REQUIRE(problem);
    CHECK(problem->status == status);
    CHECK_THAT(problem->sentence, Contains(words) && Contains(path()));
  }

  Bytes bytes;

 private:
  fs::path folder_;
};

}  // namespace

TEST_CASE("a library as compilers make it passes") { CHECK_FALSE(Library().check()); }

TEST_CASE("a file that is no library is told from one that is not there") {
  Library library;
  auto problem = check_library("/nonexistent/plugin.so");
  REQUIRE(problem);
  CHECK(problem->status == BH_NOT_FOUND);
  problem = check_library("/dev/null");
  REQUIRE(problem);
  CHECK_THAT(problem->sentence, Contains("no regular file"));
  problem = check_library("/usr/bin");
  REQUIRE(problem);

  library.bytes = {};
  library.expect(BH_DATA_INVALID, "too short");
  library.bytes = Bytes(1000, 'x');
  library.expect(BH_DATA_INVALID, "does not begin as an ELF file");
}

TEST_CASE("a library for another machine names both machines") {
  Library library;
  SECTION("machine") {
    header(library.bytes).e_machine =
        header(library.bytes).e_machine == EM_AARCH64 ? EM_X86_64 : EM_AARCH64;
    const auto problem = library.check();
    REQUIRE(problem);
    CHECK(problem->status == BH_VERSION_MISMATCH);
    CHECK_THAT(problem->sentence, Contains("is built for") && Contains("aarch64") &&
                                      Contains("this machine is") && Contains("x86-64"));
  }
  SECTION("32 bits") {
    header(library.bytes).e_ident[EI_CLASS] = ELFCLASS32;
    library.expect(BH_VERSION_MISMATCH, "32-bit");
  }
  SECTION("byte order") {
    header(library.bytes).e_ident[EI_DATA] = ELFDATA2MSB;
    library.expect(BH_VERSION_MISMATCH, "other byte order");
  }
  SECTION("an object file") {
    header(library.bytes).e_type = ET_REL;
    library.expect(BH_DATA_INVALID, "no shared library");
  }
}

TEST_CASE("a truncated library says how much is missing") {
  Library library;
  const std::size_t whole = library.bytes.size();
  library.bytes.resize(whole - 1);
  library.expect(BH_DATA_INVALID, "is truncated: its segments need " + std::to_string(whole) +
                                      " bytes, the file has " + std::to_string(whole - 1));
}

TEST_CASE("each truncation is a sentence") {
  const Bytes whole = Library().bytes;
  for (const std::size_t size : {std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{100},
                                 std::size_t{1000}, whole.size() / 2, whole.size() - 1}) {
    Library library;
    library.bytes.resize(size);
    const auto problem = library.check();
    CAPTURE(size);
    REQUIRE(problem);
    CHECK(problem->status == BH_DATA_INVALID);
  }
}

TEST_CASE("what asks for executable or writable code is refused") {
  Library library;
  SECTION("an executable stack") {
    segment(library.bytes, PT_GNU_STACK).p_flags |= PF_X;
    library.expect(BH_DATA_INVALID, "executable stack");
  }
  SECTION("silence about the stack") {
    segment(library.bytes, PT_GNU_STACK).p_type = PT_NULL;
    library.expect(BH_DATA_INVALID, "executable stack");
  }
  SECTION("a writable segment of code") {
    segment(library.bytes, PT_LOAD).p_flags |= PF_W | PF_X;
    library.expect(BH_DATA_INVALID, "writable and executable");
  }
  SECTION("text relocations") {
    spare_entry(library.bytes).d_tag = DT_TEXTREL;
    library.expect(BH_DATA_INVALID, "text relocations");
  }
  SECTION("text relocations by flag") {
    auto& entry = spare_entry(library.bytes);
    entry.d_tag = DT_FLAGS;
    entry.d_un.d_val = DF_TEXTREL;
    library.expect(BH_DATA_INVALID, "text relocations");
  }
  SECTION("a program") {
    auto& entry = spare_entry(library.bytes);
    entry.d_tag = DT_FLAGS_1;
    entry.d_un.d_val = DF_1_PIE;
    library.expect(BH_DATA_INVALID, "is a program");
  }
}

TEST_CASE("search paths stay inside the package") {
  Library library;
  auto& entry = spare_entry(library.bytes);
  entry.d_tag = GENERATE(DT_RPATH, DT_RUNPATH);
  const auto with = [&](const std::string& paths) {
    entry.d_un.d_val = put_text(library.bytes, paths);
    return library.check();
  };
  SECTION("inside") {
    CHECK_FALSE(with(GENERATE("$ORIGIN", "${ORIGIN}/lib", "$ORIGIN/a/../lib:$ORIGIN")));
  }
  SECTION("outside") {
    const char* paths = GENERATE("/usr/local/evil", "lib", "", "$ORIGIN:/tmp", "$ORIGIN/../..",
                                 "$ORIGINAL/lib", "$ORIGIN/$LIB", "$ORIGIN:", "$ORIGIN/a/../..");
    CAPTURE(paths);
    const auto problem = with(paths);
    REQUIRE(problem);
    CHECK_THAT(problem->sentence, Contains("outside of its package"));
  }
  SECTION("up to the package's root, where that is known") {
    REQUIRE(with("$ORIGIN/../lib"));
    const std::string root = fs::path(library.path()).parent_path().parent_path();
    CHECK_FALSE(check_library(library.path(), root));
  }
}

TEST_CASE("dependencies by path and of sanitizers are refused") {
  Library library;
  auto& entry = spare_entry(library.bytes);
  entry.d_tag = DT_NEEDED;
  SECTION("by path") {
    entry.d_un.d_val = put_text(library.bytes, "/tmp/evil.so");
    library.expect(BH_DATA_INVALID, "by its path");
  }
  SECTION("sanitizers") {
    const bool thread = (BH_BUILT_SANITIZERS & BH_SANITIZER_THREAD) != 0;
    entry.d_un.d_val = put_text(library.bytes, thread ? "libasan.so.8" : "libtsan.so.2");
    library.expect(BH_VERSION_MISMATCH, thread ? "AddressSanitizer" : "ThreadSanitizer");
    library.expect(BH_VERSION_MISMATCH, "this cell is built without it");
  }
  SECTION("a name outside of the table") {
    entry.d_un.d_val = ~std::uint64_t{0};
    library.expect(BH_DATA_INVALID, "not inside the file");
  }
}

TEST_CASE("random damage never ends in anything but an answer") {
  Library library;
  const Bytes whole = library.bytes;
  std::mt19937 random(11);
  const std::size_t tables =
      header(library.bytes).e_phoff + header(library.bytes).e_phnum * sizeof(ElfW(Phdr));
  const auto& dynamic = segment(library.bytes, PT_DYNAMIC);
  const std::size_t dynamic_at = dynamic.p_offset, dynamic_size = dynamic.p_filesz;
  int refused = 0;
  for (int n = 0; n < 500; ++n) {
    library.bytes = whole;
    for (unsigned change = 0; change < 1 + random() % 4; ++change) {
      const bool header_part = random() % 2 == 0;
      const std::size_t at = header_part ? random() % tables : dynamic_at + random() % dynamic_size;
      library.bytes[at] = static_cast<char>(random() % 3 == 0 ? 0xff : random());
    }
    const auto problem = library.check();
    refused += problem.has_value();
    if (problem) CHECK_FALSE(problem->sentence.empty());
  }
  CHECK(refused > 50);
}

}  // namespace bulkhead::test
