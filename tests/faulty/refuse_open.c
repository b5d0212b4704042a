/* Refuses every configuration, in its own words. */
#include "null_table.h"

static bh_status refuse(bh_call *call, const bh_open_params *params, bh_instance **out) {
  (void)params, (void)out;
  return faulty_fail(call, BH_DATA_INVALID, "the moon is in the wrong phase");
}

#define FAULTY_OPEN refuse
#include "plugin.h"
