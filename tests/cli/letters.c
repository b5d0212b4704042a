/* A codec whose ids are bytes, with one special token, "<|end|>" = 256: for tests of the command
 * line, which are about the way of texts and ids and not about a vocabulary. */
#define FAULTY_ID BULKHEAD_PLUGIN_ID
#define FAULTY_VERSION BULKHEAD_PLUGIN_VERSION
#include "tests/faulty/null_table.h"

#define END "<|end|>"
enum { END_ID = 256, END_SIZE = 7 };

static int at_end_token(const bh_bytes *text, size_t at) {
  return text->size - at >= END_SIZE && memcmp(text->data + at, END, END_SIZE) == 0;
}

static bh_status letters_encode(bh_call *call, bh_instance *instance,
                                const bh_codec_encode_params *params,
                                bh_codec_encode_result *result) {
  (void)instance;
  const bh_bytes *text = &params->text;
  uint32_t *ids = (uint32_t *)call->fn->allocate(call, (text->size + 1) * sizeof *ids);
  if (ids == NULL) return BH_OUT_OF_MEMORY;
  size_t count = 0;
  for (size_t at = 0; at < text->size;) {
    if (at_end_token(text, at) && params->special.allowed != BH_SPECIAL_NONE) {
      ids[count++] = END_ID;
      at += END_SIZE;
      continue;
    }
    if (at_end_token(text, at) && params->special.disallowed != BH_SPECIAL_NONE)
      return faulty_fail(call, BH_CODEC_DISALLOWED_SPECIAL, "the text has a disallowed " END);
    ids[count++] = text->data[at++];
  }
  result->ids = ids;
  result->count = count;
  return BH_OK;
}

static bh_status letters_decode(bh_call *call, bh_instance *instance,
                                const bh_codec_decode_params *params,
                                bh_codec_bytes_result *result) {
  (void)instance;
  uint8_t *bytes = (uint8_t *)call->fn->allocate(call, params->count * END_SIZE + 1);
  if (bytes == NULL) return BH_OUT_OF_MEMORY;
  size_t size = 0;
  for (size_t i = 0; i < params->count; ++i) {
    if (params->ids[i] > END_ID)
      return faulty_fail(call, BH_INVALID_ARGUMENT, "there is no such id");
    if (params->ids[i] == END_ID) {
      memcpy(bytes + size, END, END_SIZE);
      size += END_SIZE;
    } else {
      bytes[size++] = (uint8_t)params->ids[i];
    }
  }
  result->bytes.data = bytes;
  result->bytes.size = size;
  return BH_OK;
}

static bh_status letters_tokenize(bh_call *call, bh_instance *instance,
                                  const bh_codec_encode_params *params,
                                  bh_codec_tokenize_result *result) {
  (void)instance;
  const size_t size = params->text.size;
  uint64_t *offsets = (uint64_t *)call->fn->allocate(call, (size + 1) * sizeof *offsets);
  uint8_t *bytes = (uint8_t *)call->fn->allocate(call, size + 1);
  if (offsets == NULL || bytes == NULL) return BH_OUT_OF_MEMORY;
  for (size_t i = 0; i <= size; ++i) offsets[i] = i;
  if (size != 0) memcpy(bytes, params->text.data, size);
  result->bytes.data = bytes;
  result->bytes.size = size;
  result->offsets = offsets;
  result->count = size;
  return BH_OK;
}

#define FAULTY_ENCODE letters_encode
#define FAULTY_DECODE letters_decode
#define FAULTY_TOKENIZE letters_tokenize
#include "tests/faulty/plugin.h"
