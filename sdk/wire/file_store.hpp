// The files that an instance may use, wherever they are opened: by the host itself, or on the far
// side of a cell's socket.
#pragma once

#include <bulkhead/abi/draft/files.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace bulkhead::wire {

struct FileOutcome {
  bh_status status = BH_OK;
  std::string message;  // of an error, for a person
};

// As bh_files_v1. [any-thread] Its end closes all handles.
class FileStore {
 public:
  virtual ~FileStore() = default;
  virtual FileOutcome open(std::string_view name, std::uint64_t& handle, std::uint64_t& size) = 0;
  virtual FileOutcome read(std::uint64_t handle, std::uint64_t offset, std::span<std::byte> buffer,
                           std::size_t& got) = 0;
  virtual FileOutcome create(std::string_view name, std::uint64_t& handle) = 0;
  virtual FileOutcome write(std::uint64_t handle, std::span<const std::byte> bytes) = 0;
  virtual FileOutcome commit(std::uint64_t handle) = 0;
  virtual void close(std::uint64_t handle) = 0;
};

}  // namespace bulkhead::wire
