/* bulkhead/abi/draft/state.h: "bulkhead.state/1", an instance whose state can move to another one.
 *
 * A draft: it may change until its first full plugin family ships; then it is frozen under the same
 * name. Every method has the form method(call, instance, params, result). Params are borrowed for
 * the call; what a result points to is memory of the call (call.h, allocate), and the host checks
 * that. Result structs are zeroed by the caller except for struct_size. Unless a function says
 * otherwise it is [any-thread].
 *
 * Errors common to all: BH_CANCELLED, BH_DEADLINE_EXCEEDED, BH_OUT_OF_MEMORY, BH_INTERNAL.
 */
#ifndef BULKHEAD_ABI_DRAFT_STATE_H
#define BULKHEAD_ABI_DRAFT_STATE_H

#include "../call.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BH_STATE_1 "bulkhead.state/1"

typedef struct bh_state_result {
  uint32_t struct_size;
  uint32_t version; /* of the format, the plugin's own */
  bh_bytes bytes;
} bh_state_result;

typedef struct bh_state_params {
  uint32_t struct_size;
  uint32_t version;
  bh_bytes bytes;
} bh_state_params;

/* Method numbers: for `submit`, and on the wire. Append only. */
enum { BH_STATE_SAVE = 0, BH_STATE_RESTORE = 1 };

typedef struct bh_state_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* The state of the instance. [instance] No other call is in flight. */
  bh_status (*save)(bh_call *, bh_instance *, const bh_empty *, bh_state_result *);
  /* Takes over a state, of an older version of the plugin as well. [instance] On an error the
   * instance stays as it was. Errors: BH_VERSION_MISMATCH for a newer one, BH_DATA_INVALID. */
  bh_status (*restore)(bh_call *, bh_instance *, const bh_state_params *, bh_empty *);
  /* As in bulkhead/abi/codec.h: starts a method by its number. NULL in a plugin's table: the host
   * runs the method on a thread of its own. In an embedder's table it never is. */
  bh_status (*submit)(bh_call *, bh_instance *, uint32_t method, const void *params, void *result,
                      bh_completion done);
} bh_state_v1;

#ifdef __cplusplus
}
#endif

#endif
