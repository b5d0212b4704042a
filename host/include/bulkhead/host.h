/* bulkhead/host.h: embed the host in a C11 application.
 *
 * The same host as bulkhead/host.hpp. An embedder in C gets the plugin's own table (for example
 * bh_codec_v1) and calls it, wherever the plugin runs.
 *
 * Every function is [any-thread] unless it says otherwise. Functions that can fail return a
 * bh_status and, where `error` is not NULL, give the words in *error: free them with
 * bh_text_free. Objects are freed with the function of their name; NULL is ignored. Free instances
 * before their plugin, plugins before their host.
 */
#ifndef BULKHEAD_HOST_H
#define BULKHEAD_HOST_H

#include <bulkhead/abi/codec.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BH_API __attribute__((visibility("default")))

typedef struct bh_host bh_host;
typedef struct bh_plugin bh_plugin;
typedef struct bh_handle bh_handle; /* an instance, as an embedder holds it */

typedef struct bh_host_options {
  uint32_t struct_size;
  uint32_t no_environment;    /* 1: BULKHEAD_* variables are not read */
  uint32_t no_control_socket; /* 1: `bulkhead ps` does not find this host */
  uint32_t plugin_folder_count;
  const char *const *plugin_folders; /* [plugin_folder_count], terminated paths */
  const char *policy_file;           /* NULL: as in HostOptions::policy_file */
  const char *name;                  /* NULL: the name of the program */
  /* Log lines; NULL: warnings and errors to standard error. From any thread, one at a time. */
  void (*log)(void *user, uint32_t level, bh_text plugin, uint64_t call, bh_text line);
  void *log_user;
} bh_host_options;

typedef struct bh_load_options {
  uint32_t struct_size;
  int32_t isolation;     /* BH_ISOLATION_*, or -1: the policy's rule */
  int32_t minimum_level; /* 0 to 3, or -1: the policy's */
  uint32_t reserved;
  const char *version; /* SemVer range; NULL: any */
} bh_load_options;

BH_API const char *bh_host_version(void);
BH_API const char *bh_status_name(bh_status status); /* static text */
BH_API void bh_text_free(char *text);

/* `options` NULL: defaults. */
BH_API bh_status bh_host_open(const bh_host_options *options, bh_host **host, char **error);
BH_API void bh_host_free(bh_host *host);

/* `options` NULL: any version, the policy's isolation. */
BH_API bh_status bh_plugin_load(bh_host *host, const char *id, const bh_load_options *options,
                                bh_plugin **plugin, char **error);
BH_API void bh_plugin_free(bh_plugin *plugin);
/* The level that is enforced, 0 to 3, and the process of the cell (0: none). */
BH_API int bh_plugin_level(const bh_plugin *plugin);
BH_API int bh_plugin_process(const bh_plugin *plugin);

/* Makes an instance with `config` ([count], may be NULL with 0). */
BH_API bh_status bh_plugin_open(bh_plugin *plugin, const bh_config_entry *config, size_t count,
                                bh_handle **handle, char **error);

/* A file that is lent to a plugin from the beginning: it may read it while it opens. */
typedef struct bh_lent_file {
  const char *name; /* that the plugin uses */
  const char *path;
  int32_t for_writing; /* 0: for reading */
  uint32_t reserved;
} bh_lent_file;

typedef struct bh_open_options {
  uint32_t struct_size;
  uint32_t file_count;
  const bh_lent_file *files; /* [file_count] */
} bh_open_options;

/* The same with options; NULL: none. */
BH_API bh_status bh_plugin_open_with(bh_plugin *plugin, const bh_config_entry *config, size_t count,
                                     const bh_open_options *options, bh_handle **handle,
                                     char **error);
BH_API void bh_handle_free(bh_handle *handle);
/* The table of an interface, or NULL; and the instance to pass to its functions. Both live until
 * bh_handle_free. */
BH_API const void *bh_handle_interface(const bh_handle *handle, const char *name);
BH_API bh_instance *bh_handle_instance(const bh_handle *handle);

/* A call context for the functions of a table: one call at a time. Results live until bh_call_reset
 * or bh_call_free. Only contexts from here may be passed to tables that a host gave out. */
BH_API bh_call *bh_call_new(bh_host *host);
BH_API void bh_call_free(bh_call *call);
/* Frees the results, forgets error and cancellation: ready for the next call. */
BH_API void bh_call_reset(bh_call *call);
/* Time for the next call, nanoseconds from its start; 0: the policy's. */
BH_API void bh_call_set_timeout(bh_call *call, int64_t nanoseconds);
/* Progress of the next calls. A synchronous call runs it on the calling thread. */
BH_API void bh_call_set_progress(bh_call *call,
                                 void (*progress)(void *user, uint64_t done, uint64_t total),
                                 void *user);
/* Takes the call back; from any thread, while the context exists. */
BH_API void bh_call_cancel(bh_call *call);
/* The words of the last error; terminated, never NULL, valid until reset or free. */
BH_API const char *bh_call_error(const bh_call *call);

#ifdef __cplusplus
}
#endif
#endif
