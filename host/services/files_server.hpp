// The capability by which a cell reaches the files that were granted to one of its instances.
#pragma once

#include <functional>
#include <memory>

#include "host/runtime/workers.hpp"
#include "sdk/schema/files.capnp.h"
#include "sdk/wire/file_store.hpp"

namespace bulkhead::host {

// Runs a piece of work in a turn of the connection's event loop, from any thread. Keeps the
// connection: the work owns things of its loop.
using InTurn = std::function<void(const std::function<void()>&)>;
// Makes one, inside a turn; empty when the connection is on its way out.
using EnterTurns = std::function<InTurn()>;

// Disk work runs on `workers`, so a slow disk holds up nobody else's calls. Made inside a turn.
wire::core::Files::Client make_files_server(std::shared_ptr<wire::FileStore> store,
                                            Workers& workers, EnterTurns enter);

}  // namespace bulkhead::host
