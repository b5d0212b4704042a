// A look at the shape of a TOML text before the parser sees it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::manifest {

constexpr unsigned kDeepestToml = 32;          // tables and arrays inside each other
constexpr unsigned kMostTomlEntries = 20'000;  // keys, headers and array elements

struct ShapeProblem {
  unsigned line, column;
  std::string sentence;
};

// TOML++ 3.3 recurses once for each part of a dotted key when it frees its tree, and compares each
// table with all others that were made implicitly: "a.a.a..." ends in a stack overflow, and a text
// of many dotted keys in quadratic time. This bounds both; everything else is left to the parser.
std::optional<ShapeProblem> find_shape_problem(std::string_view text);

}  // namespace bulkhead::manifest
