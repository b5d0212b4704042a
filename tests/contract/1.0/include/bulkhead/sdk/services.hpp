// bulkhead/sdk/services.hpp: what the host lends to an instance, from any of its threads.
#pragma once

#include <string>
#include <string_view>

#include <bulkhead/abi/services.h>
#include <bulkhead/sdk/call.hpp>

namespace bulkhead::sdk {

// Cheap to copy; valid until the instance is closed, that is, also in the author's destructor.
class Services {
 public:
  explicit Services(const bh_services* services) noexcept
      : services_(services),
        log_(static_cast<const bh_log_v1*>(get(BH_LOG_1))),
        package_(static_cast<const bh_package_v1*>(get(BH_PACKAGE_1))) {}

  // The table of a service by name, or nullptr where the host lacks it.
  const void* get(const char* name) const noexcept {
    return services_ == nullptr ? nullptr : services_->get(services_, name);
  }

  // One line for the host's log, outside of a call. Silent where the host has no log service.
  void log(std::uint32_t level, std::string_view line) const noexcept {
    if (log_ != nullptr) log_->write(log_, level, as_text(line));
  }

  // The bytes of `data/<name>` in the plugin's package: mapped read-only, alive until the instance
  // is closed. Throws when there is no such file, or it can't be read.
  std::string_view package_file(std::string_view name) const {
    if (package_ == nullptr) {
      throw PluginError(BH_UNSUPPORTED,
                        "This host lends no package files (service " BH_PACKAGE_1 ").");
    }
    bh_bytes bytes{};
    const bh_status status = package_->file(package_, as_text(name), &bytes);
    if (status == BH_OK) return as_view(bytes);
    throw PluginError(status, "The file data/" + std::string(name) + " of the plugin's package " +
                                  (status == BH_NOT_FOUND ? "is missing" : "could not be read") +
                                  "; reinstall the plugin.");
  }

 private:
  const bh_services* services_;
  const bh_log_v1* log_;
  const bh_package_v1* package_;
};

}  // namespace bulkhead::sdk
