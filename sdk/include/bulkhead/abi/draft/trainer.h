/* bulkhead/abi/draft/trainer.h: "bulkhead.trainer/1-draft", training runs that last days.
 *
 * A draft: it may change until its first full plugin family ships; then it is frozen under the same
 * name. Every method has the form method(call, instance, params, result). Params are borrowed for
 * the call; what a result points to is memory of the call (call.h, allocate), and the host checks
 * that. Result structs are zeroed by the caller except for struct_size. Unless a function says
 * otherwise it is [any-thread].
 *
 * A run is a handle of the plugin. One `step` at a time for each run; the other functions may come
 * while a step is under way. Nothing of a run survives the end of its plugin but its checkpoints:
 * an embedder that wants to go on after a crash restores the last one. Training data and
 * checkpoints are files that the host has granted, by name (files.h).
 *
 * Errors common to all: BH_CANCELLED, BH_DEADLINE_EXCEEDED, BH_OUT_OF_MEMORY, BH_INTERNAL.
 * BH_NOT_FOUND: a run that was closed or never was, one of a plugin that crashed since included.
 */
#ifndef BULKHEAD_ABI_DRAFT_TRAINER_H
#define BULKHEAD_ABI_DRAFT_TRAINER_H

#include "../call.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BH_TRAINER_1 "bulkhead.trainer/1-draft"

typedef struct bh_trainer_info_result {
  uint32_t struct_size;
  uint32_t reserved;
  bh_text name;
  bh_text description;
} bh_trainer_info_result;

typedef struct bh_trainer_open_params {
  uint32_t struct_size;
  uint32_t threads;    /* that the run may use; 0 and 1: the calling one only */
  uint64_t seed;       /* of everything random: the same seed, data and options give the same run */
  const bh_text *data; /* [data_count] granted for reading */
  size_t data_count;
  const bh_config_entry *options; /* [option_count] hyperparameters of the plugin */
  size_t option_count;
} bh_trainer_open_params;

typedef struct bh_trainer_run_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t run; /* a handle; a plugin gives out 1 to 2^48 - 1, the host marks the rest */
} bh_trainer_run_result;

typedef struct bh_trainer_run_params {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t run;
} bh_trainer_run_params;

typedef struct bh_trainer_step_params {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t run;
  uint64_t steps; /* to take */
} bh_trainer_step_params;

typedef struct bh_trainer_step_result {
  uint32_t struct_size;
  uint32_t paused;  /* 1: `pause` ended it before all steps were taken */
  uint64_t step;    /* steps that the run has taken in all */
  uint64_t samples; /* that it has seen in all */
  double loss;      /* of the last step */
} bh_trainer_step_result;

/* Metrics are numbered from 1 without gaps, so a reader that was away knows what it missed. */
typedef struct bh_trainer_metrics_params {
  uint32_t struct_size;
  uint32_t max_points; /* 0: as many as there are */
  uint64_t run;
  uint64_t after;  /* the number of the last point that the caller has; 0: from the start */
  int64_t wait_ns; /* how long to wait for a first point; 0: not at all */
} bh_trainer_metrics_params;

typedef struct bh_trainer_metric {
  bh_text name; /* "loss", "accuracy" */
  uint64_t number;
  uint64_t step;
  double value;
} bh_trainer_metric;

typedef struct bh_trainer_metrics_result {
  uint32_t struct_size;
  uint32_t reserved;
  const bh_trainer_metric *points; /* [point_count]; a plugin keeps at least the last 4096 */
  size_t point_count;
} bh_trainer_metrics_result;

typedef struct bh_trainer_file_params {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t run;
  bh_text file; /* granted for writing (checkpoint) or reading (restore) */
} bh_trainer_file_params;

typedef struct bh_trainer_checkpoint_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t step;  /* that the checkpoint holds */
  uint64_t bytes; /* of the file */
} bh_trainer_checkpoint_result;

typedef struct bh_trainer_generate_params {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t run;
  uint64_t seed;
  uint64_t max_bytes; /* of the answer; 0: the plugin decides */
  double temperature; /* 0: the most likely answer */
  bh_bytes prompt;
} bh_trainer_generate_params;

typedef struct bh_trainer_generate_result {
  uint32_t struct_size;
  uint32_t reserved;
  double probability; /* of the answer under the model */
  bh_bytes answer;
} bh_trainer_generate_result;

/* Method numbers: for `submit`, and on the wire. Append only. */
enum {
  BH_TRAINER_INFO = 0,
  BH_TRAINER_OPEN_RUN = 1,
  BH_TRAINER_STEP = 2,
  BH_TRAINER_PAUSE = 3,
  BH_TRAINER_METRICS = 4,
  BH_TRAINER_CHECKPOINT = 5,
  BH_TRAINER_RESTORE = 6,
  BH_TRAINER_GENERATE = 7,
  BH_TRAINER_CLOSE_RUN = 8
};

typedef struct bh_trainer_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  bh_status (*info)(bh_call *, bh_instance *, const bh_empty *, bh_trainer_info_result *);
  /* Starts a run at step 0. Errors: BH_PERMISSION_DENIED for a file, BH_DATA_INVALID for what is in
   * it, BH_INVALID_ARGUMENT for an option, BH_OVERLOADED for one run too many. */
  bh_status (*open_run)(bh_call *, bh_instance *, const bh_trainer_open_params *,
                        bh_trainer_run_result *);
  /* Takes steps. Progress in steps. Cancelled or out of time it stops between two steps: those
   * taken count, and the run goes on with the next call. Errors: BH_OVERLOADED while another step
   * of the run is under way; BH_DATA_INVALID when the loss is no number. */
  bh_status (*step)(bh_call *, bh_instance *, const bh_trainer_step_params *,
                    bh_trainer_step_result *);
  /* Makes a step that is under way return early, with `paused` set. Without one: does nothing. */
  bh_status (*pause)(bh_call *, bh_instance *, const bh_trainer_run_params *, bh_empty *);
  /* The metrics of the run after a number: a stream that a reader can leave and resume. It returns
   * with what there is, or with the first point, or empty when `wait_ns` is over. */
  bh_status (*metrics)(bh_call *, bh_instance *, const bh_trainer_metrics_params *,
                       bh_trainer_metrics_result *);
  /* Writes the whole state of the run: it appears under its name only when it is complete. Between
   * two steps. Errors: BH_PERMISSION_DENIED, BH_IO_ERROR, BH_RESOURCE_EXHAUSTED. */
  bh_status (*checkpoint)(bh_call *, bh_instance *, const bh_trainer_file_params *,
                          bh_trainer_checkpoint_result *);
  /* Sets the run to a checkpoint: the same steps follow as followed then, bit for bit. On an error
   * the run stays as it was. Errors: BH_DATA_INVALID, BH_VERSION_MISMATCH for a checkpoint of
   * another format or of other data. */
  bh_status (*restore)(bh_call *, bh_instance *, const bh_trainer_file_params *,
                       bh_trainer_step_result *);
  /* An answer of the model as it is now. Errors: BH_INVALID_ARGUMENT. */
  bh_status (*generate)(bh_call *, bh_instance *, const bh_trainer_generate_params *,
                        bh_trainer_generate_result *);
  /* Ends the run and frees what it holds. */
  bh_status (*close_run)(bh_call *, bh_instance *, const bh_trainer_run_params *, bh_empty *);
  /* As in bulkhead/abi/codec.h: starts a method by its number. NULL in a plugin's table: the host
   * runs the method on a thread of its own. In an embedder's table it never is. */
  bh_status (*submit)(bh_call *, bh_instance *, uint32_t method, const void *params, void *result,
                      bh_completion done);
} bh_trainer_v1;

#ifdef __cplusplus
}
#endif

#endif
