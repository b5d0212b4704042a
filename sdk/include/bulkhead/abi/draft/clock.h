/* bulkhead/abi/draft/clock.h: the service "bulkhead.clock/1", the host's time.
 *
 * Tests and replays set it; a plugin that uses it instead of the system's clock behaves the same
 * again. A draft, like the interfaces of this folder. */
#ifndef BULKHEAD_ABI_DRAFT_CLOCK_H
#define BULKHEAD_ABI_DRAFT_CLOCK_H

#include "../call.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BH_CLOCK_1 "bulkhead.clock/1"

typedef struct bh_clock_v1 bh_clock_v1;
struct bh_clock_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* Nanoseconds since 1970, UTC. [any-thread] */
  int64_t (*now)(const bh_clock_v1 *self);
  /* Nanoseconds that only grow; the deadline of a call is one of them. [any-thread] */
  int64_t (*monotonic)(const bh_clock_v1 *self);
  /* Waits so long, or until the call should stop, whichever comes first. [any-thread] Returns
   * BH_OK, BH_CANCELLED or BH_DEADLINE_EXCEEDED. */
  bh_status (*sleep)(const bh_clock_v1 *self, bh_call *call, int64_t nanoseconds);
};

#ifdef __cplusplus
}
#endif

#endif
