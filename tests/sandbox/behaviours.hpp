// What the cell of these tests can be told to do: one behaviour each, by name. A behaviour answers
// with a short text, or ends the cell.
#pragma once

#include <map>
#include <string>

#include "sandbox/cell/cell.hpp"

namespace bulkhead::test {

// A command is "NAME" or "NAME ARGUMENT".
using Behaviour = std::string (*)(const cell::Start& start, const std::string& argument);
const std::map<std::string, Behaviour>& behaviours();

}  // namespace bulkhead::test
