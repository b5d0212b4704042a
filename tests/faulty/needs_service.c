/* Requires a service that no host has. */
#include "null_table.h"

static const char *const required[] = {"bulkhead.teleport/7", NULL};

#define FAULTY_SERVICES_REQUIRED required
#include "plugin.h"
