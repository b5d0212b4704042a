// bulkhead/sdk/files.hpp: files that were granted to the plugin, through the service
// "bulkhead.files/1" (bulkhead/abi/draft/files.h). A failure throws a PluginError with the host's
// words.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <bulkhead/abi/draft/files.h>
#include <bulkhead/sdk/services.hpp>

namespace bulkhead::sdk {

namespace detail {

// An open handle of the service.
class FileHandle {
 public:
  FileHandle(const bh_files_v1* files, std::uint64_t handle) : files_(files), handle_(handle) {}
  FileHandle(FileHandle&& other) noexcept
      : files_(other.files_), handle_(std::exchange(other.handle_, 0)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(files_, other.files_);
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~FileHandle() {
    if (handle_ != 0) files_->close(files_, handle_);
  }
  const bh_files_v1* files() const noexcept { return files_; }
  std::uint64_t get() const noexcept { return handle_; }
  void forget() noexcept { handle_ = 0; }

 private:
  const bh_files_v1* files_;
  std::uint64_t handle_;
};

// The service has given the call its words already.
inline void check_file(bh_status status, const char* what, std::string_view name) {
  if (status == BH_CANCELLED || status == BH_DEADLINE_EXCEEDED) throw Cancelled(status);
  if (status != BH_OK) throw HostError(status, std::string(what) + " " + std::string(name));
}

}  // namespace detail

// A granted file, open for reading. Any thread that runs a call of the instance may read.
class InputFile {
 public:
  std::uint64_t size() const noexcept { return size_; }
  const std::string& name() const noexcept { return name_; }

  // Fills `buffer` from `offset`; returns how many bytes there were, less only at the end.
  std::size_t read(const Call& call, std::uint64_t offset, std::span<std::byte> buffer) const {
    std::size_t done = 0;
    while (done < buffer.size()) {
      const std::size_t part = std::min<std::size_t>(buffer.size() - done, BH_FILES_MAX_TRANSFER);
      std::size_t got = 0;
      detail::check_file(handle_.files()->read(handle_.files(), call.raw(), handle_.get(),
                                               offset + done, buffer.data() + done, part, &got),
                         "reading", name_);
      done += got;
      if (got < part) break;
    }
    return done;
  }
  // All of it. Throws BH_RESOURCE_EXHAUSTED where it is larger than `limit`.
  std::string read_all(const Call& call, std::uint64_t limit) const {
    if (size_ > limit) {
      throw PluginError(BH_RESOURCE_EXHAUSTED, "The file " + name_ + " has " +
                                                   std::to_string(size_) + " bytes; at most " +
                                                   std::to_string(limit) + " are read.");
    }
    std::string bytes(size_, '\0');
    bytes.resize(read(call, 0, std::as_writable_bytes(std::span(bytes))));
    return bytes;
  }

 private:
  friend class Files;
  InputFile(detail::FileHandle handle, std::string name, std::uint64_t size)
      : handle_(std::move(handle)), name_(std::move(name)), size_(size) {}
  detail::FileHandle handle_;
  std::string name_;
  std::uint64_t size_;
};

// A granted file in writing. Without commit() nothing of it remains.
class OutputFile {
 public:
  void write(const Call& call, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const std::size_t part = std::min<std::size_t>(bytes.size(), BH_FILES_MAX_TRANSFER);
      detail::check_file(
          handle_.files()->write(handle_.files(), call.raw(), handle_.get(), bytes.data(), part),
          "writing", name_);
      written_ += part;
      bytes = bytes.subspan(part);
    }
  }
  void write(const Call& call, std::string_view bytes) {
    write(call, std::as_bytes(std::span(bytes)));
  }
  std::uint64_t written() const noexcept { return written_; }
  // Durable, whole, under its name. The file is closed.
  void commit(const Call& call) {
    detail::check_file(handle_.files()->commit(handle_.files(), call.raw(), handle_.get()),
                       "finishing", name_);
    handle_.forget();
  }

 private:
  friend class Files;
  OutputFile(detail::FileHandle handle, std::string name)
      : handle_(std::move(handle)), name_(std::move(name)) {}
  detail::FileHandle handle_;
  std::string name_;
  std::uint64_t written_ = 0;
};

// Cheap to copy; as Services.
class Files {
 public:
  explicit Files(const Services& services)
      : files_(static_cast<const bh_files_v1*>(services.get(BH_FILES_1))) {}

  InputFile open(const Call& call, std::string_view name) const {
    std::uint64_t handle = 0, size = 0;
    detail::check_file(table()->open(files_, call.raw(), as_text(name), &handle, &size), "opening",
                       name);
    return {detail::FileHandle(files_, handle), std::string(name), size};
  }
  OutputFile create(const Call& call, std::string_view name) const {
    std::uint64_t handle = 0;
    detail::check_file(table()->create(files_, call.raw(), as_text(name), &handle), "creating",
                       name);
    return {detail::FileHandle(files_, handle), std::string(name)};
  }

 private:
  const bh_files_v1* table() const {
    if (files_ == nullptr) {
      throw PluginError(BH_UNSUPPORTED, "This host lends no files (service " BH_FILES_1 ").");
    }
    return files_;
  }
  const bh_files_v1* files_;
};

}  // namespace bulkhead::sdk
