/* Needs a library that is on no machine. */
int faulty_does_not_exist(void);

#include "null_table.h"

static bh_status call_it(bh_call *call, bh_instance *instance, const bh_codec_encode_params *params,
                         bh_codec_encode_result *result) {
  (void)call, (void)instance, (void)params, (void)result;
  return faulty_does_not_exist();
}

#define FAULTY_ENCODE call_it
#include "plugin.h"
