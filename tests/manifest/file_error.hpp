// What a test says about an error.
#pragma once

#include <string>

#include "registry/manifest/toml_reader.hpp"

// The message of the FileError that `action` throws, or "no error".
template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const bulkhead::manifest::FileError& error) {
    return error.what();
  }
  return "no error";
}
