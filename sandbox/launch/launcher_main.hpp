// The launcher program without its main(), so that tests can link it with a cell of their own.
#pragma once

namespace bulkhead::sandbox {

// Returns the exit code.
int launcher_main(int argc, char** argv);

}  // namespace bulkhead::sandbox
