#include "host/runtime/probe.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "host/runtime/start_cell.hpp"
#include "sdk/wire/unique_fd.hpp"
#include "sdk/wire/version.hpp"

namespace bulkhead::host {
namespace {

// The folder's name carries the version of what a mark in it means.
std::filesystem::path mark_of(const PluginState& plugin) {
  return std::filesystem::path(policy::state_folder(plugin.core->environment)) / "probed-1" /
         (hexadecimal(plugin.hash) + "-" + wire::kBuildVersion);
}

// A file's being there is all it says, so a torn write can't say anything wrong. A folder that
// can't be written means that the next host probes again.
void leave_mark(const std::filesystem::path& mark) {
  std::error_code ignored;
  std::filesystem::create_directories(mark.parent_path(), ignored);
  const wire::UniqueFd fd(open(mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
}

}  // namespace

void probe(PluginState& plugin) {
  const std::filesystem::path mark = mark_of(plugin);
  std::error_code ignored;
  if (std::filesystem::exists(mark, ignored)) return;
  wire::DescriptorFacts facts;
  start_cell(plugin, facts, plugin.decision.limits.start_timeout)
      ->end(BH_UNAVAILABLE, "the probe is over");
  leave_mark(mark);
}

}  // namespace bulkhead::host
