/* decode gives the configuration, one "key=value" a line. */
#include <inttypes.h>
#include <stdio.h>

#include "null_table.h"

static bh_status echo_open(bh_call *call, const bh_open_params *params, bh_instance **out) {
  const bh_status status = null_open(call, params, out);
  if (status != BH_OK) return status;
  size_t used = 0;
  char *const text = (*out)->config;
  const size_t room = sizeof(*out)->config;
  for (uint32_t i = 0; i < params->config_count && used < room; ++i) {
    const bh_config_entry *entry = &params->config[i];
    used +=
        (size_t)snprintf(text + used, room - used, "%.*s=", (int)entry->key.size, entry->key.data);
    if (used >= room) break;
    switch (entry->type) {
      case BH_VALUE_BOOLEAN:
        used +=
            (size_t)snprintf(text + used, room - used, "%s\n", entry->integer ? "true" : "false");
        break;
      case BH_VALUE_INTEGER:
        used += (size_t)snprintf(text + used, room - used, "%" PRId64 "\n", entry->integer);
        break;
      case BH_VALUE_NUMBER:
        used += (size_t)snprintf(text + used, room - used, "%g\n", entry->number);
        break;
      default:
        used += (size_t)snprintf(text + used, room - used, "%.*s\n", (int)entry->text.size,
                                 entry->text.data);
    }
  }
  return BH_OK;
}

static bh_status echo(bh_call *call, bh_instance *instance, const bh_codec_decode_params *params,
                      bh_codec_bytes_result *result) {
  (void)params;
  return faulty_bytes(call, instance->config, strlen(instance->config), result);
}

#define FAULTY_OPEN echo_open
#define FAULTY_DECODE echo
#include "plugin.h"
