// What names look like: ids of plugins and kinds, keys of a configuration, interfaces.
#pragma once

#include <string_view>

namespace bulkhead::manifest {

// [a-z][a-z0-9_]*, at most 64 characters.
bool is_id(std::string_view text);
constexpr const char* kIdRule =
    "lower-case letters, digits and '_', beginning with a letter, at most 64 characters";

// Ids joined by dots, a slash and a revision from 1 to 9999, which may be a draft still:
// "bulkhead.codec/1", "bulkhead.multimodal/1-draft". At most 128 characters.
bool is_interface_name(std::string_view text);

}  // namespace bulkhead::manifest
