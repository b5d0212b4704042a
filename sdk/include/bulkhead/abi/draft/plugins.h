/* bulkhead/abi/draft/plugins.h: the service "bulkhead.plugins/1", calls to other plugins.
 *
 * A plugin may call those that its manifest names in [dependencies]; the host has loaded them, in
 * the range that the manifest gives, before the plugin itself, and refuses plugins that need each
 * other. Each runs as the policy says, in process or in a cell of its own, and it is the host that
 * carries a call from one to the other: cells never meet.
 *
 * Params and results are JSON, as `bulkhead call` takes and gives them: fields as in the schema of
 * the interface, bytes as text where they are UTF-8, else {"base64": "..."}.
 *
 * The deadline and the cancellation of the caller's call hold for the other's, whose own limits
 * (calls in flight, size of a message, size of a result) hold as well. The host opens an instance
 * of the other plugin at the first call, one for each configuration that is asked for, and closes
 * it with the caller's instance: what a method left there (an open run, a state) is there for the
 * next call. It has the files that
 * the policy grants it.
 *
 * A draft, like the interfaces of this folder.
 */
#ifndef BULKHEAD_ABI_DRAFT_PLUGINS_H
#define BULKHEAD_ABI_DRAFT_PLUGINS_H

#include "../call.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BH_PLUGINS_1 "bulkhead.plugins/1"

/* Configurations of other plugins that one instance may use at a time. */
enum { BH_PLUGINS_MAX_INSTANCES = 16 };

typedef struct bh_plugins_call_params {
  uint32_t struct_size;
  uint32_t reserved;
  bh_text plugin;                /* the id, as in [dependencies] */
  bh_text interface_name;        /* "bulkhead.codec/1"; empty: the only one that the plugin has */
  bh_text method;                /* "encode" */
  bh_bytes params;               /* JSON; empty: {} */
  const bh_config_entry *config; /* [config_count] of the instance; the rest has its defaults */
  size_t config_count;
} bh_plugins_call_params;

typedef struct bh_plugins_call_result {
  uint32_t struct_size;
  uint32_t reserved;
  bh_bytes result; /* JSON */
} bh_plugins_call_result;

/* Method numbers on the wire. Append only. */
enum { BH_PLUGINS_CALL = 0 };

typedef struct bh_plugins_v1 bh_plugins_v1;
struct bh_plugins_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* Calls a method and waits for its end. [any-thread] that runs a call. Errors: those of the
   * method, with words that name the other plugin; BH_PERMISSION_DENIED for a plugin that is not
   * among the dependencies; BH_UNAVAILABLE where the other one crashed, hung or broke its contract;
   * BH_OVERLOADED, BH_RESOURCE_EXHAUSTED at a limit. */
  bh_status (*call)(bh_call *, const bh_plugins_v1 *self, const bh_plugins_call_params *,
                    bh_plugins_call_result *);
};

#ifdef __cplusplus
}
#endif

#endif
