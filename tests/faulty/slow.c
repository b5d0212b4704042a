/* encode and count take as many milliseconds as the text says, report ten steps of progress and
 * stop when they are told to. */
#include <time.h>

#include "null_table.h"

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static bh_status take(bh_call *call, const bh_codec_encode_params *params) {
  const int64_t start = now();
  const int64_t whole = (int64_t)faulty_number(params) * 1000000;
  for (uint64_t step = 1; step <= 10; ++step) {
    do {
      const bh_status status = call->fn->should_stop(call);
      if (status != BH_OK) return faulty_fail(call, status, "the slow codec was told to stop");
      if (whole == 0) break;
      const struct timespec pause = {0, 500000};
      nanosleep(&pause, NULL);
    } while (now() - start < whole * (int64_t)step / 10);
    call->fn->progress(call, step, 10);
  }
  return BH_OK;
}

static bh_status slow_encode(bh_call *call, bh_instance *instance,
                             const bh_codec_encode_params *params, bh_codec_encode_result *result) {
  const bh_status status = take(call, params);
  if (status != BH_OK) return status;
  (void)instance;
  uint32_t *ids = (uint32_t *)call->fn->allocate(call, sizeof *ids);
  if (ids == NULL) return BH_OUT_OF_MEMORY;
  ids[0] = (uint32_t)faulty_number(params); /* so that answers can be told apart */
  result->ids = ids;
  result->count = 1;
  return BH_OK;
}

static bh_status slow_count(bh_call *call, bh_instance *instance,
                            const bh_codec_encode_params *params, bh_codec_count_result *result) {
  const bh_status status = take(call, params);
  return status != BH_OK ? status : null_count(call, instance, params, result);
}

#define FAULTY_ENCODE slow_encode
#define FAULTY_COUNT slow_count
#include "plugin.h"
