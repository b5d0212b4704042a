// The files that an embedder lends to an instance, by name, and the service that opens them.
#pragma once

#include <bulkhead/host.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>

#include "host/services/pending_file.hpp"
#include "sdk/wire/file_store.hpp"

namespace bulkhead::host {

// [any-thread]
class FileGrants {
 public:
  struct Grant {
    std::string path;
    FileAccess access = FileAccess::read;
  };
  // What a person can do about a file that is not there: a sentence without its full stop.
  using Advice = std::function<std::string(std::string_view name, FileAccess access)>;
  explicit FileGrants(Advice advice = {}) : advice_(std::move(advice)) {}

  // Why a file can't be granted so; empty: it can.
  static std::string problem(std::string_view name, std::string_view path);
  // Throws Error where there is a problem.
  void add(std::string name, std::string path, FileAccess access);
  // What is open already stays open.
  void remove(std::string_view name);
  // Null where there is no such grant.
  std::shared_ptr<const Grant> find(std::string_view name) const;
  // Why there is none, and what to do.
  std::string missing(std::string_view name, FileAccess access) const;

 private:
  const Advice advice_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Grant>, std::less<>> grants_;
};

// The handles of one opened instance. What it was granted is looked up when it opens a file.
class GrantedFiles final : public wire::FileStore {
 public:
  explicit GrantedFiles(std::shared_ptr<const FileGrants> grants) : grants_(std::move(grants)) {}

  wire::FileOutcome open(std::string_view name, std::uint64_t& handle,
                         std::uint64_t& size) override;
  wire::FileOutcome read(std::uint64_t handle, std::uint64_t offset, std::span<std::byte> buffer,
                         std::size_t& got) override;
  wire::FileOutcome create(std::string_view name, std::uint64_t& handle) override;
  wire::FileOutcome write(std::uint64_t handle, std::span<const std::byte> bytes) override;
  wire::FileOutcome commit(std::uint64_t handle) override;
  void close(std::uint64_t handle) override;

 private:
  struct Reading {
    wire::UniqueFd file;
  };
  struct Writing {
    std::mutex mutex;
    PendingFile file;
  };
  struct Open {
    std::string name;
    std::variant<Reading, Writing> as;
  };
  wire::FileOutcome granted(std::string_view name, FileAccess access, std::string& path) const;
  wire::FileOutcome add(std::shared_ptr<Open> open, std::uint64_t& handle);
  std::shared_ptr<Open> find(std::uint64_t handle);

  const std::shared_ptr<const FileGrants> grants_;
  std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<Open>> open_;
  std::uint64_t next_ = 1;
};

}  // namespace bulkhead::host
