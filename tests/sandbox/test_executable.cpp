// The test cell as a program of its own, which a cell becomes: the same behaviours, under the
// filter of executables.
#include "sandbox/cell/cell.hpp"

int main() {
  const bulkhead::cell::Start start;
  bulkhead::cell::serve(start);
}
