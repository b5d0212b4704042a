// The host's side of a keeper: starting it, and telling it to stop. All [any-thread].
#pragma once

#include <chrono>
#include <string>

#include "sandbox/keep/job_folder.hpp"
#include "sandbox/keep/request.hpp"

namespace bulkhead::sandbox {

// Starts `launcher keep FOLDER`, which goes on without this process, and waits for its word. The
// folder has an intent and a lock. Leaves no zombie; what dies in between was never started.
// Throws LaunchError where no keeper could be started.
KeepReport start_keeper(const std::string& launcher, const std::string& folder,
                        const KeepRequest& request);

// The sentence for a report of KeepReport::failed.
std::string keep_failure(const KeepReport& report);

// Asks the keeper of the folder (a descriptor) to end its command: SIGTERM, after the grace time
// SIGKILL for all of it. False: there is no keeper.
bool stop_command(int folder, std::chrono::nanoseconds grace);

}  // namespace bulkhead::sandbox
