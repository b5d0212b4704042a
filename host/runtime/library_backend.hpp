// A plugin in process: its library, opened by Boost.DLL after a cell has survived loading it.
//
// A call without a deadline and cancellation of its own runs on the caller's thread, through the
// plugin's table. A call with one, and an asynchronous one, is attended (attended_call.hpp).
#pragma once

#include "host/runtime/attended_call.hpp"
#include "host/runtime/state.hpp"
#include "host/runtime/workers.hpp"
#include "sdk/wire/plugin_object.hpp"

namespace bulkhead::host {

class Library;

class LibraryBackend final : public Backend {
 public:
  // Probes, then opens the library. Throws Error.
  explicit LibraryBackend(PluginState& plugin);
  ~LibraryBackend() override;

  std::unique_ptr<InstanceBackend> open(const ConfigValues& config,
                                        std::shared_ptr<const FileGrants> grants) override;
  Level level() override;
  int process() override { return 0; }
  std::uint64_t restarts() override { return 0; }
  std::string state() override;
  void close() override;

 private:
  PluginState& plugin_;
  std::shared_ptr<Library> library_;
  std::shared_ptr<wire::PackageData> data_;
  Workers workers_;
  std::shared_ptr<Attendance> attendance_;
  std::atomic<bool> closed_{false};
};

}  // namespace bulkhead::host
