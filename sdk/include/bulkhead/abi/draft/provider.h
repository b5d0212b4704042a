/* bulkhead/abi/draft/provider.h: "bulkhead.provider/1-draft", jobs on compute that someone else
 * owns.
 *
 * A draft: it may change until its first full plugin family ships; then it is frozen under the same
 * name. Every method has the form method(call, instance, params, result). Params are borrowed for
 * the call; what a result points to is memory of the call (call.h, allocate), and the host checks
 * that. Result structs are zeroed by the caller except for struct_size. Unless a function says
 * otherwise it is [any-thread].
 *
 * The plugin stores nothing: the host keeps for each job an intent key, which it made before it
 * asked for anything, and the plugin's handle, opaque bytes of at most 4096. After a crash of
 * anybody the host looks up every intent with `find` before it submits again. `not found` and
 * `unreachable` differ: BH_NOT_FOUND says that the provider was asked and has no such job,
 * BH_UNAVAILABLE that it could not be asked. Nobody destroys anything on BH_UNAVAILABLE.
 *
 * Errors common to all: BH_CANCELLED, BH_DEADLINE_EXCEEDED, BH_OUT_OF_MEMORY, BH_INTERNAL.
 * BH_UNAVAILABLE: the provider can't be reached. BH_OVERLOADED: it asks to come back later.
 * BH_PERMISSION_DENIED: it does not accept the credentials.
 */
#ifndef BULKHEAD_ABI_DRAFT_PROVIDER_H
#define BULKHEAD_ABI_DRAFT_PROVIDER_H

#include "../call.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BH_PROVIDER_1 "bulkhead.provider/1-draft"

typedef struct bh_job_spec {
  bh_text name;             /* for a person */
  bh_text tag;              /* of the host: `list_owned` finds by it */
  bh_text image;            /* container image; empty where the provider has none */
  const bh_text *arguments; /* [argument_count], the program first */
  size_t argument_count;
  const bh_config_entry *environment; /* [environment_count], type BH_VALUE_TEXT */
  size_t environment_count;
  bh_text gpu; /* type; empty: any */
  uint64_t gpu_count;
  uint64_t gpu_memory; /* bytes each, at least */
  uint64_t cpus;       /* at least; 0: any */
  uint64_t memory;     /* bytes, at least; 0: any */
  int64_t timeout_ns;  /* after which the provider itself ends the job; 0: none */
} bh_job_spec;

typedef struct bh_provider_info_result {
  uint32_t struct_size;
  uint32_t reserved;
  bh_text name;
  bh_text description;
} bh_provider_info_result;

typedef struct bh_provider_quote_params {
  uint32_t struct_size;
  uint32_t reserved;
  bh_job_spec job;
} bh_provider_quote_params;

typedef struct bh_provider_quote_result {
  uint32_t struct_size;
  uint32_t available;       /* 1: there is capacity as far as the provider says */
  uint64_t micros_per_hour; /* price in millionths of `currency` */
  bh_text currency;         /* ISO 4217; empty: it costs nothing */
  int64_t quoted_at;        /* seconds since 1970 */
  int64_t valid_until;      /* 0: the provider does not say */
  bh_text note;             /* for a person */
} bh_provider_quote_result;

typedef struct bh_provider_submit_params {
  uint32_t struct_size;
  uint32_t reserved;
  bh_text intent; /* at most 64 bytes of [a-z0-9-]: the same intent is never two jobs */
  bh_job_spec job;
} bh_provider_submit_params;

typedef struct bh_provider_find_params {
  uint32_t struct_size;
  uint32_t reserved;
  bh_text intent;
} bh_provider_find_params;

typedef struct bh_provider_handle_result {
  uint32_t struct_size;
  uint32_t reserved;
  bh_bytes handle;
} bh_provider_handle_result;

typedef struct bh_provider_handle_params {
  uint32_t struct_size;
  uint32_t reserved;
  bh_bytes handle;
} bh_provider_handle_params;

enum {
  BH_JOB_QUEUED = 1,
  BH_JOB_STARTING = 2,
  BH_JOB_RUNNING = 3,
  BH_JOB_SUCCEEDED = 4, /* ended by itself with exit code 0 */
  BH_JOB_FAILED = 5,    /* ended otherwise: see `reason` */
  BH_JOB_GONE = 6       /* destroyed, or the provider forgot it */
};

/* Why a job failed, as classes of what to do next. */
enum {
  BH_REASON_NONE = 0,
  BH_REASON_USER_ERROR = 1,  /* never retried */
  BH_REASON_INFRA = 2,       /* the machine failed */
  BH_REASON_PREEMPTED = 3,   /* a free attempt */
  BH_REASON_NO_CAPACITY = 4, /* wait */
  BH_REASON_TIMEOUT = 5,
  BH_REASON_STOPPED = 6, /* by `stop` */
  BH_REASON_LOST = 7     /* nobody knows how it ended */
};

typedef struct bh_provider_status_result {
  uint32_t struct_size;
  uint32_t state;               /* BH_JOB_* */
  uint32_t reason;              /* BH_REASON_* */
  int32_t exit_code;            /* of a job that ended; 128 + signal; -1: unknown */
  int64_t started_at, ended_at; /* nanoseconds since 1970; 0: not yet, or unknown */
  uint64_t micros_spent;        /* in millionths of the quote's currency, as far as known */
  bh_text message;              /* for a person */
} bh_provider_status_result;

typedef struct bh_provider_logs_params {
  uint32_t struct_size;
  uint32_t reserved;
  bh_bytes handle;
  uint64_t after;     /* a position of an earlier result; 0: from the start */
  uint64_t max_bytes; /* 0: the plugin decides */
  int64_t wait_ns;    /* how long to wait for a first byte; 0: not at all */
} bh_provider_logs_params;

typedef struct bh_provider_logs_result {
  uint32_t struct_size;
  uint32_t ended; /* 1: nothing will follow */
  uint64_t next;  /* the position behind these bytes */
  bh_bytes bytes; /* output and errors of the job as they came */
} bh_provider_logs_result;

typedef struct bh_provider_stop_params {
  uint32_t struct_size;
  uint32_t reserved;
  bh_bytes handle;
  int64_t grace_ns; /* between asking the job to end and ending it */
} bh_provider_stop_params;

typedef struct bh_provider_destroy_result {
  uint32_t struct_size;
  uint32_t gone; /* 1: nothing is left that could cost; 0: not yet, ask again */
} bh_provider_destroy_result;

typedef struct bh_provider_list_params {
  uint32_t struct_size;
  uint32_t reserved;
  bh_text tag;
} bh_provider_list_params;

typedef struct bh_owned_job {
  bh_text intent;
  bh_bytes handle;
  uint32_t state; /* BH_JOB_* */
  uint32_t reserved;
} bh_owned_job;

typedef struct bh_provider_list_result {
  uint32_t struct_size;
  uint32_t reserved;
  const bh_owned_job *jobs; /* [job_count] */
  size_t job_count;
} bh_provider_list_result;

typedef struct bh_provider_health_params {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t after;  /* the number of the last report that the caller has; 0: none */
  int64_t wait_ns; /* how long to wait for another one */
} bh_provider_health_params;

typedef struct bh_provider_health_result {
  uint32_t struct_size;
  uint32_t healthy; /* 1: the provider answers and takes jobs */
  uint64_t number;  /* of this report; grows whenever something changed */
  bh_text message;  /* for a person */
} bh_provider_health_result;

/* Method numbers: for `submit`, and on the wire. Append only. */
enum {
  BH_PROVIDER_INFO = 0,
  BH_PROVIDER_QUOTE = 1,
  BH_PROVIDER_SUBMIT_JOB = 2,
  BH_PROVIDER_FIND = 3,
  BH_PROVIDER_RECOVER = 4,
  BH_PROVIDER_STATUS = 5,
  BH_PROVIDER_LOGS = 6,
  BH_PROVIDER_STOP = 7,
  BH_PROVIDER_DESTROY = 8,
  BH_PROVIDER_LIST_OWNED = 9,
  BH_PROVIDER_HEALTH = 10
};

typedef struct bh_provider_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  bh_status (*info)(bh_call *, bh_instance *, const bh_empty *, bh_provider_info_result *);
  /* What the job would cost. Starts nothing. Errors: BH_UNSUPPORTED for what the provider never
   * has; no capacity right now is an answer, not an error. */
  bh_status (*quote)(bh_call *, bh_instance *, const bh_provider_quote_params *,
                     bh_provider_quote_result *);
  /* Starts the job, or returns the handle of the one that this intent started before. Whatever it
   * returns, the job may exist: the host asks `find`. Errors: BH_INVALID_ARGUMENT for the job,
   * BH_RESOURCE_EXHAUSTED where there is no capacity. */
  bh_status (*submit_job)(bh_call *, bh_instance *, const bh_provider_submit_params *,
                          bh_provider_handle_result *);
  /* The handle of the job of an intent. Errors: BH_NOT_FOUND. */
  bh_status (*find)(bh_call *, bh_instance *, const bh_provider_find_params *,
                    bh_provider_handle_result *);
  /* Takes up a job of an earlier host from its handle; the new handle replaces it. Never starts
   * anything; a job that ended long ago is fine. Errors: BH_NOT_FOUND; BH_VERSION_MISMATCH for a
   * handle that a later version of the plugin made; BH_DATA_INVALID for no handle at all. */
  bh_status (*recover)(bh_call *, bh_instance *, const bh_provider_handle_params *,
                       bh_provider_handle_result *);
  bh_status (*status)(bh_call *, bh_instance *, const bh_provider_handle_params *,
                      bh_provider_status_result *);
  /* What the job printed, from a position on: a stream that a reader can leave and resume. */
  bh_status (*logs)(bh_call *, bh_instance *, const bh_provider_logs_params *,
                    bh_provider_logs_result *);
  /* Asks the job to end, and after the grace time ends it. Idempotent; a job that ended is fine. */
  bh_status (*stop)(bh_call *, bh_instance *, const bh_provider_stop_params *, bh_empty *);
  /* Frees everything that the job holds at the provider. A job that does not exist is `gone`. */
  bh_status (*destroy)(bh_call *, bh_instance *, const bh_provider_handle_params *,
                       bh_provider_destroy_result *);
  /* All jobs of a tag that exist at the provider: for the reaper, which ends what nobody knows. */
  bh_status (*list_owned)(bh_call *, bh_instance *, const bh_provider_list_params *,
                          bh_provider_list_result *);
  /* Whether the provider works: a stream of reports. */
  bh_status (*health)(bh_call *, bh_instance *, const bh_provider_health_params *,
                      bh_provider_health_result *);
  /* As in bulkhead/abi/codec.h: starts a method by its number. NULL in a plugin's table: the host
   * runs the method on a thread of its own. In an embedder's table it never is. */
  bh_status (*submit)(bh_call *, bh_instance *, uint32_t method, const void *params, void *result,
                      bh_completion done);
} bh_provider_v1;

#ifdef __cplusplus
}
#endif

#endif
