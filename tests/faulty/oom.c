/* encode allocates until nothing is left: "report" says so, anything else dies of it. */
#include "null_table.h"

static bh_status devour(bh_call *call, bh_instance *instance, const bh_codec_encode_params *params,
                        bh_codec_encode_result *result) {
  (void)instance, (void)result;
  const size_t piece = 1 << 20;
  for (;;) {
    char *memory = (char *)malloc(piece);
    if (memory == NULL) break;
    for (size_t i = 0; i < piece; i += 4096) ((volatile char *)memory)[i] = 1;
    if (call->fn->should_stop(call) != BH_OK) break;
  }
  if (faulty_asked(params, "report")) {
    return faulty_fail(call, BH_OUT_OF_MEMORY, "the oom plugin has eaten everything");
  }
  abort();
}

#define FAULTY_ENCODE devour
#include "plugin.h"
