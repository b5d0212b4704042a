/* bulkhead/abi/draft/command.h: "bulkhead.command/1", a plugin that adds commands.
 *
 * A draft: it may change until its first full plugin family ships; then it is frozen under the same
 * name. Every method has the form method(call, instance, params, result). Params are borrowed for
 * the call; what a result points to is memory of the call (call.h, allocate), and the host checks
 * that. Result structs are zeroed by the caller except for struct_size. Unless a function says
 * otherwise it is [any-thread].
 *
 * Errors common to all: BH_CANCELLED, BH_DEADLINE_EXCEEDED, BH_OUT_OF_MEMORY, BH_INTERNAL.
 */
#ifndef BULKHEAD_ABI_DRAFT_COMMAND_H
#define BULKHEAD_ABI_DRAFT_COMMAND_H

#include "../call.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BH_COMMAND_1 "bulkhead.command/1"

typedef struct bh_command {
  bh_text name;    /* [a-z][a-z0-9-]* */
  bh_text summary; /* one line */
  bh_text help;    /* what `bulkhead NAME --help` prints */
} bh_command;

typedef struct bh_command_list_result {
  uint32_t struct_size;
  uint32_t reserved;
  const bh_command *commands; /* [command_count] */
  size_t command_count;
} bh_command_list_result;

typedef struct bh_command_run_params {
  uint32_t struct_size;
  uint32_t terminal; /* 1: the output goes to a terminal */
  bh_text name;
  const bh_text *arguments; /* [argument_count], without the name */
  size_t argument_count;
  bh_bytes input; /* standard input, where the user gave one */
} bh_command_run_params;

typedef struct bh_command_run_result {
  uint32_t struct_size;
  int32_t exit_code; /* 0 to 125 */
  bh_bytes output;   /* for standard output */
  bh_bytes errors;   /* for standard error */
} bh_command_run_result;

/* Method numbers: for `submit`, and on the wire. Append only. */
enum { BH_COMMAND_LIST = 0, BH_COMMAND_RUN = 1 };

typedef struct bh_command_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* The commands of this instance: those that the manifest names. */
  bh_status (*list)(bh_call *, bh_instance *, const bh_empty *, bh_command_list_result *);
  /* Runs one to its end; cancelled when the user presses Ctrl-C. Errors: BH_NOT_FOUND. */
  bh_status (*run)(bh_call *, bh_instance *, const bh_command_run_params *,
                   bh_command_run_result *);
  /* As in bulkhead/abi/codec.h: starts a method by its number. NULL in a plugin's table: the host
   * runs the method on a thread of its own. In an embedder's table it never is. */
  bh_status (*submit)(bh_call *, bh_instance *, uint32_t method, const void *params, void *result,
                      bh_completion done);
} bh_command_v1;

#ifdef __cplusplus
}
#endif

#endif
