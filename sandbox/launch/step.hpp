// How the steps of building a jail fail: inside the new process, before it serves.
#pragma once

#include <errno.h>

#include "sandbox/policy/stage.hpp"

namespace bulkhead::sandbox {

struct StepError {
  Stage stage;
  int error;  // errno
};

// `result` of a system call: negative is a StepError with errno.
template <typename Result>
Result step(Stage stage, Result result) {
  if (result < 0) throw StepError{stage, errno};
  return result;
}

}  // namespace bulkhead::sandbox
