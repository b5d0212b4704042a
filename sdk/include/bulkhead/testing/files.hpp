// bulkhead/testing/files.hpp: the service "bulkhead.files/1" in memory, for tests of plugins.
//
//   MemoryFiles files;
//   files.readable["model"] = "...";
//   TestServices services("");
//   services.lend(BH_FILES_1, files.get());
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include <bulkhead/abi/draft/files.h>

namespace bulkhead::testing {

// Grants: what is in `readable` may be opened, what is in `writable` created. A committed output is
// in `written`.
class MemoryFiles {
 public:
  MemoryFiles() {
    files_.base = {sizeof(bh_files_v1), 0, open, read, create, write, commit, close};
    files_.self = this;
  }
  MemoryFiles(const MemoryFiles&) = delete;
  const bh_files_v1* get() const { return &files_.base; }

  std::map<std::string, std::string> readable;
  std::set<std::string> writable;
  std::map<std::string, std::string> written;

  std::uint64_t disk = UINT64_MAX;  // a write beyond it is BH_RESOURCE_EXHAUSTED
  std::size_t largest_transfer = 0;
  std::uint64_t bytes_read = 0;
  // The file of each read, and its offset, before it happens: to change the file meanwhile.
  std::function<void(std::string&, std::uint64_t)> on_read;

  std::size_t open_handles() const { return handles_.size(); }

 private:
  struct Handle {
    std::string name, bytes;
    bool writes = false;
  };
  struct RawFiles {
    bh_files_v1 base;
    MemoryFiles* self;
  };
  static MemoryFiles& of(const bh_files_v1* files) {
    return *reinterpret_cast<const RawFiles*>(files)->self;
  }
  static std::string text(bh_text name) { return {name.data, name.size}; }
  static bh_status fail(bh_call* call, bh_status status, const std::string& words) {
    call->fn->fail(call, {words.data(), words.size()});
    return status;
  }
  // Whether the call must end before more is done.
  static bh_status stop(bh_call* call) { return call->fn->should_stop(call); }

  static bh_status open(const bh_files_v1* files, bh_call* call, bh_text name,
                        std::uint64_t* handle, std::uint64_t* size) {
    MemoryFiles& self = of(files);
    const std::lock_guard lock(self.mutex_);
    const auto found = self.readable.find(text(name));
    if (found == self.readable.end()) {
      return fail(call, BH_PERMISSION_DENIED, text(name) + " was not granted for reading");
    }
    self.handles_[*handle = ++self.last_] = {text(name), "", false};
    *size = found->second.size();
    return BH_OK;
  }
  static bh_status read(const bh_files_v1* files, bh_call* call, std::uint64_t handle,
                        std::uint64_t offset, void* buffer, std::size_t size, std::size_t* got) {
    MemoryFiles& self = of(files);
    if (const bh_status status = stop(call); status != BH_OK) return status;
    const std::lock_guard lock(self.mutex_);
    const auto found = self.handles_.find(handle);
    if (found == self.handles_.end()) return fail(call, BH_NOT_FOUND, "no such handle");
    if (size > BH_FILES_MAX_TRANSFER) return fail(call, BH_INVALID_ARGUMENT, "too much at once");
    std::string& bytes = self.readable[found->second.name];
    if (self.on_read) self.on_read(bytes, offset);
    *got = offset >= bytes.size() ? 0 : std::min<std::size_t>(size, bytes.size() - offset);
    if (*got != 0) std::memcpy(buffer, bytes.data() + offset, *got);
    self.largest_transfer = std::max(self.largest_transfer, size);
    self.bytes_read += *got;
    return BH_OK;
  }
  static bh_status create(const bh_files_v1* files, bh_call* call, bh_text name,
                          std::uint64_t* handle) {
    MemoryFiles& self = of(files);
    const std::lock_guard lock(self.mutex_);
    if (!self.writable.contains(text(name))) {
      return fail(call, BH_PERMISSION_DENIED, text(name) + " was not granted for writing");
    }
    self.handles_[*handle = ++self.last_] = {text(name), "", true};
    return BH_OK;
  }
  static bh_status write(const bh_files_v1* files, bh_call* call, std::uint64_t handle,
                         const void* bytes, std::size_t size) {
    MemoryFiles& self = of(files);
    if (const bh_status status = stop(call); status != BH_OK) return status;
    const std::lock_guard lock(self.mutex_);
    const auto found = self.handles_.find(handle);
    if (found == self.handles_.end()) return fail(call, BH_NOT_FOUND, "no such handle");
    if (size > BH_FILES_MAX_TRANSFER) return fail(call, BH_INVALID_ARGUMENT, "too much at once");
    if (found->second.bytes.size() + size > self.disk) {
      return fail(call, BH_RESOURCE_EXHAUSTED, "the disk is full");
    }
    found->second.bytes.append(static_cast<const char*>(bytes), size);
    self.largest_transfer = std::max(self.largest_transfer, size);
    return BH_OK;
  }
  static bh_status commit(const bh_files_v1* files, bh_call* call, std::uint64_t handle) {
    MemoryFiles& self = of(files);
    const std::lock_guard lock(self.mutex_);
    const auto found = self.handles_.find(handle);
    if (found == self.handles_.end() || !found->second.writes) {
      return fail(call, BH_NOT_FOUND, "no such handle");
    }
    self.written[found->second.name] = std::move(found->second.bytes);
    self.handles_.erase(found);
    return BH_OK;
  }
  static void close(const bh_files_v1* files, std::uint64_t handle) {
    MemoryFiles& self = of(files);
    const std::lock_guard lock(self.mutex_);
    self.handles_.erase(handle);
  }

  RawFiles files_;
  std::mutex mutex_;
  std::map<std::uint64_t, Handle> handles_;
  std::uint64_t last_ = 0;
};

}  // namespace bulkhead::testing
