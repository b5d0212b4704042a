/* bulkhead/abi/services.h: what the host lends to a plugin, by name and revision.
 *
 * The descriptor lists the services that a plugin requires and those it can do without. A required
 * one that the host lacks is a refusal before open; an optional one is a NULL table.
 */
#ifndef BULKHEAD_ABI_SERVICES_H
#define BULKHEAD_ABI_SERVICES_H

#include "call.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bh_services {
  uint32_t struct_size;
  uint32_t reserved;
  /* The table of a service, or NULL. [any-thread] Lives until the instance is closed. */
  const void *(*get)(const bh_services *services, const char *name);
};

/* Log lines outside of a call, from any thread of the plugin. */
#define BH_LOG_1 "bulkhead.log/1"
typedef struct bh_log_v1 bh_log_v1;
struct bh_log_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any-thread] One line, level BH_LOG_*. Never blocks; rate-limited. */
  void (*write)(const bh_log_v1 *self, uint32_t level, bh_text line);
};

/* The data files of the plugin's own package (everything below its `data/` folder). */
#define BH_PACKAGE_1 "bulkhead.package/1"
typedef struct bh_package_v1 bh_package_v1;
struct bh_package_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* The bytes of `data/<name>`, mapped read-only and shared between processes; alive until the
   * instance is closed. [any-thread] Errors: BH_NOT_FOUND, BH_IO_ERROR, BH_OUT_OF_MEMORY. */
  bh_status (*file)(const bh_package_v1 *self, bh_text name, bh_bytes *out);
};

#ifdef __cplusplus
}
#endif
#endif
