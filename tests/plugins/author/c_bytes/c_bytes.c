/* A codec in C: ids are bytes. It has the smallest table there is: what it leaves NULL, it would
 * have to write itself, for the defaults are in the C++ author API. */
#include <stdlib.h>
#include <string.h>

#include <bulkhead/abi/codec.h>

struct bh_instance {
  int opened;
};

static bh_status fail(bh_call *call, bh_status status, const char *words) {
  bh_text text = {words, strlen(words)};
  call->fn->fail(call, text);
  return status;
}

static bh_status encode(bh_call *call, bh_instance *instance, const bh_codec_encode_params *params,
                        bh_codec_encode_result *result) {
  uint32_t *ids;
  size_t i;
  (void)instance;
  if (params->text.size == 0) return BH_OK;
  ids = call->fn->allocate(call, params->text.size * sizeof *ids);
  if (ids == NULL) return fail(call, BH_OUT_OF_MEMORY, "The output limit is too low.");
  for (i = 0; i < params->text.size; ++i) ids[i] = params->text.data[i];
  result->ids = ids;
  result->count = params->text.size;
  return BH_OK;
}

static bh_status decode(bh_call *call, bh_instance *instance, const bh_codec_decode_params *params,
                        bh_codec_bytes_result *result) {
  uint8_t *bytes;
  size_t i;
  (void)instance;
  if (params->count == 0) return BH_OK;
  bytes = call->fn->allocate(call, params->count);
  if (bytes == NULL) return fail(call, BH_OUT_OF_MEMORY, "The output limit is too low.");
  for (i = 0; i < params->count; ++i) {
    if (params->ids[i] > 255) return fail(call, BH_INVALID_ARGUMENT, "An id is above 255.");
    bytes[i] = (uint8_t)params->ids[i];
  }
  result->bytes.data = bytes;
  result->bytes.size = params->count;
  return BH_OK;
}

static const bh_codec_v1 table = {
    .struct_size = sizeof(bh_codec_v1), .encode = encode, .decode = decode};

static bh_status open_instance(bh_call *call, const bh_open_params *params, bh_instance **out) {
  bh_instance *instance = malloc(sizeof *instance);
  (void)params;
  if (instance == NULL) return fail(call, BH_OUT_OF_MEMORY, "No memory for an instance.");
  instance->opened = 1;
  *out = instance;
  return BH_OK;
}

static void close_instance(bh_instance *instance) { free(instance); }

static const void *get_interface(bh_instance *instance, const char *name) {
  (void)instance;
  return strcmp(name, BH_CODEC_1) == 0 ? &table : NULL;
}

static const char *const interfaces[] = {BH_CODEC_1, NULL};

static const bh_descriptor descriptor = {
    BH_DESCRIPTOR_PREFIX(BULKHEAD_PLUGIN_ID, BULKHEAD_PLUGIN_VERSION, interfaces, NULL, NULL),
    open_instance, close_instance, get_interface};

BH_DEFINE_PLUGIN(descriptor)
