// A running host as JSON, for `bulkhead ps`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/runtime/state.hpp"

namespace bulkhead::host {

// {"format": 1, "pid": ..., "name": ..., "version": ..., "started": ..., "plugins": [...]}; the
// fields are documented in docs/command-line.md.
std::string status_json(const std::string& name, const std::string& started,
                        const std::vector<std::shared_ptr<PluginState>>& plugins);

// "2026-01-31T12:00:00Z"
std::string utc_now();

}  // namespace bulkhead::host
