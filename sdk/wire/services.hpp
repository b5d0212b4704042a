// What an instance gets from its host, as C tables: the same in a cell and in process.
#pragma once

#include <bulkhead/abi/draft/clock.h>
#include <bulkhead/abi/draft/files.h>
#include <bulkhead/abi/services.h>

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "sdk/wire/file_store.hpp"
#include "sdk/wire/package_data.hpp"
#include "sdk/wire/service.hpp"

namespace bulkhead::wire {

// Log lines outside of a call: level and line.
using LogLine = std::function<void(std::uint32_t, std::string_view)>;

// bh_files_v1 over a store.
struct FilesTable : bh_files_v1 {
  std::shared_ptr<FileStore> store;
};

class Services final : public bh_services {
 public:
  Services(std::shared_ptr<PackageData> package, LogLine log, std::shared_ptr<FileStore> files,
           std::span<const LentService> lent);
  static bool has(std::string_view name);

 private:
  struct Log : bh_log_v1 {
    LogLine line;
  };
  static const void* find(const bh_services* services, const char* name);

  std::shared_ptr<PackageData> package_;
  Log log_;
  FilesTable files_;
  std::map<std::string, std::unique_ptr<GivenService>, std::less<>> given_;
};

}  // namespace bulkhead::wire
