// The capability by which a cell reaches the files that were granted to one of its instances.
#pragma once

#include <memory>

#include "host/services/background.hpp"
#include "sdk/schema/files.capnp.h"
#include "sdk/wire/file_store.hpp"

namespace bulkhead::host {

// Disk work runs on `workers`, so a slow disk holds up nobody else's calls. Made inside a turn.
wire::core::Files::Client make_files_server(std::shared_ptr<wire::FileStore> store,
                                            Workers& workers, EnterTurns enter);

}  // namespace bulkhead::host
