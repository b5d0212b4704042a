// The files that the host granted to an instance, as the cell sees them: over a capability.
#pragma once

#include <memory>

#include "sdk/schema/files.capnp.h"
#include "sdk/wire/file_store.hpp"

namespace bulkhead::cell {

class Server;

// Inside a turn. Its functions are for threads that run a call.
std::shared_ptr<wire::FileStore> remote_files(Server& server, wire::core::Files::Client files);

}  // namespace bulkhead::cell
