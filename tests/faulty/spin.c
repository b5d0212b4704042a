/* encode runs without end and ignores its cancellation; decode runs until it is told to stop.
 * In process a test must be able to end it: a text "flag 0x7ffc..." gives the address of an int in
 * the test that stops the loop when it is not 0. */
#include <time.h>

#include "null_table.h"

static void nap(void) {
  const struct timespec millisecond = {0, 1000000};
  nanosleep(&millisecond, NULL);
}

static bh_status spin_encode(bh_call *call, bh_instance *instance,
                             const bh_codec_encode_params *params, bh_codec_encode_result *result) {
  const int *flag = NULL;
  char text[64] = "";
  if (params->text.size < sizeof text) memcpy(text, params->text.data, params->text.size);
  if (strncmp(text, "flag ", 5) == 0) flag = (const int *)(uintptr_t)strtoull(text + 5, NULL, 16);
  if (faulty_asked(params, "burn")) {
    for (volatile unsigned i = 0;; ++i) {
    }
  }
  while (flag == NULL || __atomic_load_n(flag, __ATOMIC_ACQUIRE) == 0) nap();
  return null_encode(call, instance, params, result);
}

static bh_status spin_decode(bh_call *call, bh_instance *instance,
                             const bh_codec_decode_params *params, bh_codec_bytes_result *result) {
  (void)instance, (void)params, (void)result;
  bh_status status = BH_OK;
  while ((status = call->fn->should_stop(call)) == BH_OK) nap();
  return faulty_fail(call, status, "decode was told to stop, and did");
}

#define FAULTY_ENCODE spin_encode
#define FAULTY_DECODE spin_decode
#include "plugin.h"
