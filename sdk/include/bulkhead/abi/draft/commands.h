/* bulkhead/abi/draft/commands.h: the service "bulkhead.commands/1", commands that outlive the host.
 *
 * A command is a program of this machine that runs in a jail of its own: a private root with the
 * system's programs and libraries read-only, a folder /work that is gone with it, no network, no
 * devices, no other process. It is kept by a process of its own: neither the end of the plugin nor
 * that of the host ends it. What is known of it lies in a folder of the host's state until it is
 * destroyed, so another host finds it by its key.
 *
 * Only for plugins whose manifest asks for it and whose policy grants it:
 * BH_PERMISSION_DENIED for all others. A plugin sees its own commands alone.
 *
 * The same key is never two commands: `start` with a key that was started before changes nothing,
 * whether the command still runs, has ended, or was lost. A host that is killed while it starts a
 * command leaves it started or not started; `find` tells which.
 *
 * All functions are [any-thread], block, belong to the call and obey its deadline. What a result
 * points to is memory of the call. Result structs are zeroed by the caller except for struct_size.
 * Errors common to all: BH_PERMISSION_DENIED, BH_CANCELLED, BH_DEADLINE_EXCEEDED, BH_OUT_OF_MEMORY,
 * BH_INVALID_ARGUMENT for a key, BH_IO_ERROR for the state folder. Those with a key, except start
 * and destroy: BH_NOT_FOUND.
 *
 * A draft, like the interfaces of this folder.
 */
#ifndef BULKHEAD_ABI_DRAFT_COMMANDS_H
#define BULKHEAD_ABI_DRAFT_COMMANDS_H

#include "../call.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BH_COMMANDS_1 "bulkhead.commands/1"

/* The most that one answer of `logs` carries. */
enum { BH_COMMANDS_MAX_LOG = 1 << 20 };

typedef struct bh_commands_start_params {
  uint32_t struct_size;
  uint32_t reserved;
  bh_text key;  /* 1 to 64 bytes of [a-z0-9-]; chosen by the plugin, written down before */
  bh_text tag;  /* `list` finds by it; at most 256 bytes */
  bh_text name; /* for a person; at most 256 bytes */
  const bh_text *arguments; /* [argument_count], the program first: a path, or a name in PATH */
  size_t argument_count;
  const bh_config_entry *environment; /* [environment_count], type BH_VALUE_TEXT; added to PATH,
                                       * HOME, TMPDIR and LANG */
  size_t environment_count;
  int64_t timeout_ns;    /* after which the command is ended whoever lives; 0: none */
  uint64_t work_bytes;   /* size of /work, memory of the machine; 0: 1 GiB */
  uint64_t log_bytes;    /* of output that is kept; the rest is dropped; 0: 64 MiB */
  uint64_t memory_bytes; /* address space of each process; 0: no limit */
  uint32_t processes;    /* processes and threads at a time; 0: 1024 */
  uint32_t reserved2;
} bh_commands_start_params;

typedef struct bh_commands_key_params {
  uint32_t struct_size;
  uint32_t reserved;
  bh_text key;
} bh_commands_key_params;

enum {
  BH_COMMAND_RUNNING = 1,
  BH_COMMAND_ENDED = 2, /* see `reason` */
  BH_COMMAND_LOST = 3   /* its keeper was killed, or the machine restarted: it runs no more, and
                         * nobody knows how it ended */
};

enum {
  BH_COMMAND_EXITED = 1, /* by itself; a signal is one, too */
  BH_COMMAND_NOT_EXECUTED = 2,
  BH_COMMAND_STOPPED = 3,  /* by `stop` */
  BH_COMMAND_TIMEOUT = 4,  /* by its timeout */
  BH_COMMAND_SHUTDOWN = 5, /* its keeper was asked to end, as at a shutdown of the machine */
  BH_COMMAND_KILLED = 6    /* by somebody else */
};

typedef struct bh_commands_status_result {
  uint32_t struct_size;
  uint32_t state;       /* BH_COMMAND_RUNNING, _ENDED, _LOST */
  uint32_t reason;      /* of one that ended: BH_COMMAND_EXITED ...; else 0 */
  int32_t exit_code;    /* of one that ended; 128 + signal; -1: unknown */
  int64_t started_at;   /* nanoseconds since 1970 */
  int64_t ended_at;     /* 0: not yet, or unknown */
  uint64_t cpu_ns;      /* of one that ended: of its first process */
  uint64_t log_bytes;   /* of the log so far */
  uint64_t log_dropped; /* bytes beyond the log's limit; known when it ended */
  bh_text message;      /* for a person */
} bh_commands_status_result;

typedef struct bh_commands_logs_params {
  uint32_t struct_size;
  uint32_t reserved;
  bh_text key;
  uint64_t after;     /* position to begin at */
  uint64_t max_bytes; /* 0, or more than BH_COMMANDS_MAX_LOG: that */
  int64_t wait_ns;    /* how long to wait for a first byte; 0: not at all */
} bh_commands_logs_params;

typedef struct bh_commands_logs_result {
  uint32_t struct_size;
  uint32_t ended; /* 1: nothing will follow */
  uint64_t next;  /* the position behind these bytes */
  bh_bytes bytes;
} bh_commands_logs_result;

typedef struct bh_commands_stop_params {
  uint32_t struct_size;
  uint32_t reserved;
  bh_text key;
  int64_t grace_ns; /* between SIGTERM to the first process and SIGKILL to all */
} bh_commands_stop_params;

typedef struct bh_commands_destroy_result {
  uint32_t struct_size;
  uint32_t gone; /* 1: nothing is left; 0: it still ends, ask again */
} bh_commands_destroy_result;

typedef struct bh_commands_list_params {
  uint32_t struct_size;
  uint32_t reserved;
  bh_text tag;
} bh_commands_list_params;

typedef struct bh_owned_command {
  bh_text key;
  bh_text name;
  uint32_t state; /* as in bh_commands_status_result */
  uint32_t reason;
  int32_t exit_code;
  uint32_t reserved;
} bh_owned_command;

typedef struct bh_commands_list_result {
  uint32_t struct_size;
  uint32_t reserved;
  const bh_owned_command *commands; /* [command_count], by key */
  size_t command_count;
} bh_commands_list_result;

/* Method numbers, on the wire. Append only. */
enum {
  BH_COMMANDS_START = 0,
  BH_COMMANDS_FIND = 1,
  BH_COMMANDS_STATUS = 2,
  BH_COMMANDS_LOGS = 3,
  BH_COMMANDS_STOP = 4,
  BH_COMMANDS_DESTROY = 5,
  BH_COMMANDS_LIST = 6
};

typedef struct bh_commands_v1 bh_commands_v1;
struct bh_commands_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* Starts a command, unless its key was started before. Returns when it will run, whatever
   * happens to the host; a program that can't be executed is how it ended. Errors:
   * BH_INVALID_ARGUMENT; BH_DATA_INVALID where the key was started with another request;
   * BH_UNSUPPORTED where this machine refuses the jail; BH_RESOURCE_EXHAUSTED for too many
   * commands. */
  bh_status (*start)(bh_call *, const bh_commands_v1 *self, const bh_commands_start_params *,
                     bh_empty *);
  /* BH_OK where the key was started. */
  bh_status (*find)(bh_call *, const bh_commands_v1 *self, const bh_commands_key_params *,
                    bh_empty *);
  bh_status (*status)(bh_call *, const bh_commands_v1 *self, const bh_commands_key_params *,
                      bh_commands_status_result *);
  bh_status (*logs)(bh_call *, const bh_commands_v1 *self, const bh_commands_logs_params *,
                    bh_commands_logs_result *);
  /* Returns at once. Idempotent: the shortest grace time counts, and a command that ended is fine.
   */
  bh_status (*stop)(bh_call *, const bh_commands_v1 *self, const bh_commands_stop_params *,
                    bh_empty *);
  /* Forgets the command and its log; one that runs is killed first. A key that was never started is
   * gone. After it the key is free. */
  bh_status (*destroy)(bh_call *, const bh_commands_v1 *self, const bh_commands_key_params *,
                       bh_commands_destroy_result *);
  bh_status (*list)(bh_call *, const bh_commands_v1 *self, const bh_commands_list_params *,
                    bh_commands_list_result *);
};

#ifdef __cplusplus
}
#endif

#endif
