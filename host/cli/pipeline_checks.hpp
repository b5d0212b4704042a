// What can be wrong between the steps of a pipeline.
#pragma once

#include <vector>

#include "pipeline.hpp"

namespace bulkhead::manifest {
class TomlTable;
}

namespace bulkhead::cli {

// Finds the files and the order of the steps, and refuses steps that don't fit together. `tables`
// are those that the steps were read from, for the places of errors. Throws manifest::FileError,
// and Failure for a file that isn't there.
void check_steps(Pipeline& pipeline, const std::vector<manifest::TomlTable>& tables);

}  // namespace bulkhead::cli
