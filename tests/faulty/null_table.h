/* A codec that does nothing, well: results are empty, count gives the size of the text. Each plugin
 * of this folder is this one with a function or two replaced; see plugin.h. */
#ifndef BULKHEAD_TESTS_FAULTY_NULL_TABLE_H
#define BULKHEAD_TESTS_FAULTY_NULL_TABLE_H

#include <stdlib.h>
#include <string.h>
#include <bulkhead/abi/abi.h>

#define FAULTY_UNUSED __attribute__((unused))

struct bh_instance {
  const bh_services *services;
  char config[1024]; /* for echo_config */
};

FAULTY_UNUSED static bh_text faulty_text(const char *text) {
  bh_text result = {text, strlen(text)};
  return result;
}

FAULTY_UNUSED static bh_status faulty_fail(bh_call *call, bh_status status, const char *text) {
  call->fn->fail(call, faulty_text(text));
  return status;
}

/* What the caller asks of the plugin stands in the text of encode. */
FAULTY_UNUSED static int faulty_asked(const bh_codec_encode_params *params, const char *word) {
  return params->text.size == strlen(word) &&
         memcmp(params->text.data, word, params->text.size) == 0;
}

/* The text as a number, 0 where it is none. */
FAULTY_UNUSED static uint64_t faulty_number(const bh_codec_encode_params *params) {
  char digits[24] = "";
  if (params->text.size < sizeof digits) memcpy(digits, params->text.data, params->text.size);
  return strtoull(digits, NULL, 0);
}

/* A copy of the bytes as a result of the call. */
FAULTY_UNUSED static bh_status faulty_bytes(bh_call *call, const char *data, size_t size,
                                            bh_codec_bytes_result *result) {
  uint8_t *bytes = (uint8_t *)call->fn->allocate(call, size);
  if (bytes == NULL && size != 0) return BH_OUT_OF_MEMORY;
  if (size != 0) memcpy(bytes, data, size);
  result->bytes.data = bytes;
  result->bytes.size = size;
  return BH_OK;
}

static uint64_t *faulty_zero_offsets(bh_call *call, size_t count) {
  uint64_t *offsets = (uint64_t *)call->fn->allocate(call, (count + 1) * sizeof *offsets);
  if (offsets != NULL) memset(offsets, 0, (count + 1) * sizeof *offsets);
  return offsets;
}

FAULTY_UNUSED static bh_status null_encode(bh_call *call, bh_instance *instance,
                                           const bh_codec_encode_params *params,
                                           bh_codec_encode_result *result) {
  (void)instance;
  if ((params->flags & BH_ENCODE_OFFSETS) != 0) {
    uint64_t *offsets = faulty_zero_offsets(call, 0);
    if (offsets == NULL) return BH_OUT_OF_MEMORY;
    result->offsets = offsets;
  }
  return BH_OK;
}

FAULTY_UNUSED static bh_status null_decode(bh_call *call, bh_instance *instance,
                                           const bh_codec_decode_params *params,
                                           bh_codec_bytes_result *result) {
  (void)call, (void)instance, (void)params, (void)result;
  return BH_OK;
}

FAULTY_UNUSED static bh_status null_tokenize(bh_call *call, bh_instance *instance,
                                             const bh_codec_encode_params *params,
                                             bh_codec_tokenize_result *result) {
  (void)instance, (void)params;
  result->offsets = faulty_zero_offsets(call, 0);
  return result->offsets == NULL ? BH_OUT_OF_MEMORY : BH_OK;
}

FAULTY_UNUSED static bh_status null_count(bh_call *call, bh_instance *instance,
                                          const bh_codec_encode_params *params,
                                          bh_codec_count_result *result) {
  (void)call, (void)instance;
  result->count = params->text.size;
  return BH_OK;
}

FAULTY_UNUSED static bh_status null_encode_batch(bh_call *call, bh_instance *instance,
                                                 const bh_codec_encode_batch_params *params,
                                                 bh_codec_encode_batch_result *result) {
  (void)instance;
  result->count = params->count;
  result->offsets = faulty_zero_offsets(call, params->count);
  return result->offsets == NULL ? BH_OUT_OF_MEMORY : BH_OK;
}

FAULTY_UNUSED static bh_status null_decode_batch(bh_call *call, bh_instance *instance,
                                                 const bh_codec_decode_batch_params *params,
                                                 bh_codec_tokenize_result *result) {
  (void)instance;
  result->count = params->count;
  result->offsets = faulty_zero_offsets(call, params->count);
  return result->offsets == NULL ? BH_OUT_OF_MEMORY : BH_OK;
}

FAULTY_UNUSED static bh_status null_stream_open(bh_call *call, bh_instance *instance,
                                                bh_codec_stream_result *result) {
  (void)call, (void)instance;
  result->stream = 1;
  return BH_OK;
}

FAULTY_UNUSED static bh_status null_stream(bh_call *call, bh_instance *instance,
                                           const bh_codec_stream_params *params,
                                           bh_codec_bytes_result *result) {
  (void)call, (void)instance, (void)params, (void)result;
  return BH_OK;
}

FAULTY_UNUSED static bh_status null_info(bh_call *call, bh_instance *instance,
                                         bh_codec_info_result *result) {
  (void)instance;
  char *text = (char *)call->fn->allocate(call, 7); /* result texts are memory of the call */
  if (text == NULL) return BH_OUT_OF_MEMORY;
  memcpy(text, "nullmul", 7);
  result->name.data = text;
  result->name.size = 4;
  result->languages.data = text + 4;
  result->languages.size = 3;
  return BH_OK;
}

FAULTY_UNUSED static bh_status null_open(bh_call *call, const bh_open_params *params,
                                         bh_instance **out) {
  bh_instance *instance = (bh_instance *)calloc(1, sizeof *instance);
  if (instance == NULL) return faulty_fail(call, BH_OUT_OF_MEMORY, "no memory for an instance");
  instance->services = params->services;
  *out = instance;
  return BH_OK;
}

FAULTY_UNUSED static void null_close(bh_instance *instance) { free(instance); }

#endif
