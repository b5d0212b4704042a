/* Promises an interface in its descriptor and then does not have it. */
#define FAULTY_INTERFACE "bulkhead.nothing/1"
#include "plugin.h"
