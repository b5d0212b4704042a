// The check of a library before it is loaded, on any bytes.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sandbox/cell/elf_check.hpp"
#include "sdk/wire/unique_fd.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bulkhead::wire::UniqueFd file(memfd_create("library", MFD_CLOEXEC));
  if (write(file.get(), data, size) != static_cast<ssize_t>(size)) return 0;
  const auto problem = bulkhead::cell::check_library("/proc/self/fd/" + std::to_string(file.get()));
  if (problem && (problem->sentence.empty() || problem->status == BH_OK)) std::abort();
  return 0;
}
