/* bulkhead/abi/call.h: the context of one call, first argument of every function that does work.
 *
 * It carries the deadline and the cancellation flag to the plugin, and results memory, progress,
 * log lines and the words of an error back. The caller owns it; it outlives the call. Its functions
 * may be called only by the thread that runs the call, and only until the call returns.
 */
#ifndef BULKHEAD_ABI_CALL_H
#define BULKHEAD_ABI_CALL_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { BH_LOG_DEBUG = 1, BH_LOG_INFO = 2, BH_LOG_WARN = 3, BH_LOG_ERROR = 4 };

typedef struct bh_call_functions {
  uint32_t struct_size;
  uint32_t reserved;
  /* Memory for a result: at least `size` bytes, aligned to 64, owned by the call and alive until
   * the caller lets go of the call. NULL when the caller's output limit is reached, or when there
   * is no memory: then return BH_OUT_OF_MEMORY. In a result struct only memory from here (or NULL
   * with size 0) may appear; the host checks. */
  void *(*allocate)(bh_call *call, size_t size);
  /* `done` of `total` units of work; total 0: unknown. Cheap: the host thins it out. */
  void (*progress)(bh_call *call, uint64_t done, uint64_t total);
  /* One line for the host's log, level BH_LOG_*. Rate-limited by the host. */
  void (*log)(bh_call *call, uint32_t level, bh_text line);
  /* The words for the error that the function is about to return: what was tried, why it failed,
   * what to do. The last one counts. It is one line of UTF-8: anything else is escaped, and at most
   * 4096 bytes are kept. */
  void (*fail)(bh_call *call, bh_text message);
  /* Whether the plugin should stop: BH_OK, BH_CANCELLED or BH_DEADLINE_EXCEEDED, which is then
   * what it returns. Poll it about every millisecond of work. */
  bh_status (*should_stop)(bh_call *call);
} bh_call_functions;

struct bh_call {
  uint32_t struct_size; /* sizeof(bh_call) of the host */
  uint32_t reserved;
  uint64_t id;                 /* unique within the host; appears in logs */
  int64_t deadline_ns;         /* CLOCK_MONOTONIC, nanoseconds; 0: none */
  const uint32_t *cancelled;   /* atomic, never NULL; not 0: stop. Read it with bh_call_cancelled */
  const bh_call_functions *fn; /* never NULL */
};

/* True when the caller has taken the call back. One atomic load: fit for an inner loop. */
static inline int bh_call_cancelled(const bh_call *call) {
  return __atomic_load_n(call->cancelled, __ATOMIC_RELAXED) != 0;
}

/* Params or result of a method that has none. */
typedef struct bh_empty {
  uint32_t struct_size;
  uint32_t reserved;
} bh_empty;

/* The completion of a submitted call. [any-thread] Called exactly once, after the result struct is
 * filled; never before submit has been entered, but possibly before it returns. It must not block.
 */
typedef struct bh_completion {
  void (*fn)(void *user, bh_status status);
  void *user;
} bh_completion;

#ifdef __cplusplus
}
#endif
#endif
