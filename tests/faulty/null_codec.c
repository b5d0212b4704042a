/* Does nothing, well. Benchmarks use it, and tests that need a plugin that behaves. */
#include "plugin.h"
