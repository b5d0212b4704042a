/* encode asks the call for 10 GiB; "many" asks for it in small pieces; "300 MiB" are its ids. */
#include "null_table.h"

static bh_status ask(bh_call *call, bh_instance *instance, const bh_codec_encode_params *params,
                     bh_codec_encode_result *result) {
  (void)instance;
  if (faulty_asked(params, "300 MiB")) {
    const size_t size = (size_t)300 << 20;
    result->ids = (const uint32_t *)call->fn->allocate(call, size);
    result->count = size / sizeof *result->ids;
    return result->ids != NULL ? BH_OK : BH_OUT_OF_MEMORY;
  }
  const uint64_t whole = UINT64_C(10) << 30;
  const uint64_t piece = faulty_asked(params, "many") ? UINT64_C(16) << 20 : whole;
  for (uint64_t sum = 0; sum < whole; sum += piece) {
    if (call->fn->allocate(call, piece) == NULL) {
      return faulty_fail(call, BH_OUT_OF_MEMORY, "the call gave no more memory");
    }
  }
  return BH_OK;
}

#define FAULTY_ENCODE ask
#include "plugin.h"
