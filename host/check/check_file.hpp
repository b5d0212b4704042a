// check/check.toml of a package: calls that its author knows to be valid, with their files. Format:
// docs/check.md.
#pragma once

#include "host/check/subject.hpp"

namespace bulkhead::check {

// Nothing where there is no such file. `interfaces`: those of the manifest. Throws
// manifest::FileError.
std::optional<std::vector<PlannedCall>> read_check_file(const std::string& folder,
                                                        const std::vector<std::string>& interfaces);

}  // namespace bulkhead::check
