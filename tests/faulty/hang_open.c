/* Never comes back from open. */
#include <time.h>

#include "null_table.h"

static bh_status hang(bh_call *call, const bh_open_params *params, bh_instance **out) {
  (void)call, (void)params;
  const struct timespec pause = {0, 10000000};
  while (out != NULL) nanosleep(&pause, NULL);
  return BH_OK;
}

#define FAULTY_OPEN hang
#include "plugin.h"
