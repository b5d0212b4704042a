/* bulkhead/abi/draft/events.h: "bulkhead.events/1", a plugin that listens to events.
 *
 * A draft: it may change until its first full plugin family ships; then it is frozen under the same
 * name. Every method has the form method(call, instance, params, result). Params are borrowed for
 * the call; what a result points to is memory of the call (call.h, allocate), and the host checks
 * that. Result structs are zeroed by the caller except for struct_size. Unless a function says
 * otherwise it is [any-thread].
 *
 * Errors common to all: BH_CANCELLED, BH_DEADLINE_EXCEEDED, BH_OUT_OF_MEMORY, BH_INTERNAL.
 */
#ifndef BULKHEAD_ABI_DRAFT_EVENTS_H
#define BULKHEAD_ABI_DRAFT_EVENTS_H

#include "../call.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BH_EVENTS_1 "bulkhead.events/1"

typedef struct bh_subscription {
  bh_text event;     /* "step.end"; a last "*" stands for any rest: "step.*" */
  uint32_t priority; /* 0 to 999, lower first */
  uint32_t blocking; /* 1: the source waits, and the handler may change declared fields */
} bh_subscription;

typedef struct bh_events_list_result {
  uint32_t struct_size;
  uint32_t reserved;
  const bh_subscription *subscriptions; /* [subscription_count] */
  size_t subscription_count;
} bh_events_list_result;

typedef struct bh_event_params {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t id;                   /* unique within the host; a repeated delivery has the same */
  bh_text event;                 /* "step.end" */
  bh_text source;                /* who made it */
  const bh_config_entry *fields; /* [field_count] */
  size_t field_count;
} bh_event_params;

typedef struct bh_event_result {
  uint32_t struct_size;
  uint32_t veto; /* 1: the source should not go on; counts where it allows vetoes */
  const bh_config_entry *changed; /* [changed_count] fields with new values; blocking only */
  size_t changed_count;
} bh_event_result;

/* Method numbers: for `submit`, and on the wire. Append only. */
enum { BH_EVENTS_SUBSCRIPTIONS = 0, BH_EVENTS_HANDLE = 1 };

typedef struct bh_events_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* What this instance listens to. */
  bh_status (*subscriptions)(bh_call *, bh_instance *, const bh_empty *, bh_events_list_result *);
  /* One event. [instance] The deadline of the call is the subscription's. */
  bh_status (*handle)(bh_call *, bh_instance *, const bh_event_params *, bh_event_result *);
  /* As in bulkhead/abi/codec.h: starts a method by its number. NULL in a plugin's table: the host
   * runs the method on a thread of its own. In an embedder's table it never is. */
  bh_status (*submit)(bh_call *, bh_instance *, uint32_t method, const void *params, void *result,
                      bh_completion done);
} bh_events_v1;

#ifdef __cplusplus
}
#endif

#endif
