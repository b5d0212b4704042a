/* Returns results that break the contract; the text names the way. */
#include "null_table.h"

static uint32_t foreign[4] = {1, 2, 3, 4};

static bh_status garbage_encode(bh_call *call, bh_instance *instance,
                                const bh_codec_encode_params *params,
                                bh_codec_encode_result *result) {
  uint32_t *ids = (uint32_t *)call->fn->allocate(call, 16 * sizeof *ids);
  if (ids == NULL) return BH_OUT_OF_MEMORY;
  memset(ids, 0, 16 * sizeof *ids);
  result->ids = ids;
  result->count = 16;
  if (faulty_asked(params, "huge")) result->count = SIZE_MAX / 8;
  if (faulty_asked(params, "overflow")) result->count = SIZE_MAX;
  if (faulty_asked(params, "beyond")) result->count = 1000000;
  if (faulty_asked(params, "foreign")) result->ids = foreign, result->count = 4;
  if (faulty_asked(params, "wild")) result->ids = (const uint32_t *)(uintptr_t)4096;
  if (faulty_asked(params, "null")) result->ids = NULL;
  if (faulty_asked(params, "before")) result->ids = ids - 1024;
  if (faulty_asked(params, "status")) return 999;
  if (faulty_asked(params, "negative")) return -7;
  if (faulty_asked(params, "good")) return BH_OK;
  (void)instance;
  return BH_OK;
}

static bh_status garbage_tokenize(bh_call *call, bh_instance *instance,
                                  const bh_codec_encode_params *params,
                                  bh_codec_tokenize_result *result) {
  (void)instance;
  uint8_t *bytes = (uint8_t *)call->fn->allocate(call, 8);
  uint64_t *offsets = (uint64_t *)call->fn->allocate(call, 3 * sizeof *offsets);
  if (bytes == NULL || offsets == NULL) return BH_OUT_OF_MEMORY;
  memset(bytes, 'x', 8);
  result->bytes.data = bytes;
  result->bytes.size = 8;
  result->offsets = offsets;
  result->count = 2;
  offsets[0] = 0, offsets[1] = 4, offsets[2] = 8;
  if (faulty_asked(params, "descending")) offsets[1] = 9;
  if (faulty_asked(params, "past the end")) offsets[2] = 4096;
  if (faulty_asked(params, "late start")) offsets[0] = 1;
  if (faulty_asked(params, "too many")) result->count = 4096;
  if (faulty_asked(params, "no offsets")) result->offsets = NULL;
  return BH_OK;
}

static bh_status garbage_encode_batch(bh_call *call, bh_instance *instance,
                                      const bh_codec_encode_batch_params *params,
                                      bh_codec_encode_batch_result *result) {
  const bh_status status = null_encode_batch(call, instance, params, result);
  result->count = params->count + 1; /* more answers than questions */
  return status;
}

#define FAULTY_ENCODE garbage_encode
#define FAULTY_TOKENIZE garbage_tokenize
#define FAULTY_ENCODE_BATCH garbage_encode_batch
#include "plugin.h"
