// "bulkhead.package/1": the data files of a package, mapped read-only.
#pragma once

#include <bulkhead/abi/services.h>

#include <map>
#include <string>

namespace bulkhead::wire {

class PackageData final : public bh_package_v1 {
 public:
  // Maps every regular file below `folder` (empty, or missing: there is none). After this no file
  // is opened. At most 4096 files, 16 levels. Throws std::runtime_error with a sentence.
  explicit PackageData(const std::string& folder);
  ~PackageData();
  PackageData(const PackageData&) = delete;
  PackageData& operator=(const PackageData&) = delete;

 private:
  static bh_status file(const bh_package_v1* self, bh_text name, bh_bytes* out);
  void map_folder(int folder, const std::string& prefix, int depth);

  std::map<std::string, bh_bytes, std::less<>> files_;
};

}  // namespace bulkhead::wire
