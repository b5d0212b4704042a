/* A codec in C: every byte is a token, its value the id. The C ABI by hand, without the C++
 * classes: each function takes the call and the instance, and results are memory of the call. */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bulkhead/abi/codec.h>

/* A stream of ids, with the bytes of a character whose rest has not come yet. */
enum { MOST_STREAMS = 64, LONGEST_TAIL = 3 };
struct stream {
  uint64_t number; /* 0: free */
  size_t held;
  uint8_t tail[LONGEST_TAIL];
};

struct bh_instance {
  pthread_mutex_t lock; /* functions are called from many threads */
  uint64_t last_stream;
  struct stream streams[MOST_STREAMS];
};

static bh_status fail(bh_call *call, bh_status status, const char *message) {
  call->fn->fail(call, (bh_text){message, strlen(message)});
  return status;
}

static uint64_t token_count(const bh_codec_encode_params *params) {
  const uint64_t limit = params->max_tokens;
  return limit != 0 && limit < params->text.size ? limit : params->text.size;
}

static bh_status encode(bh_call *call, bh_instance *self, const bh_codec_encode_params *params,
                        bh_codec_encode_result *result) {
  (void)self;
  const size_t count = token_count(params);
  uint32_t *ids = call->fn->allocate(call, count * sizeof *ids);
  if (ids == NULL && count > 0) return BH_OUT_OF_MEMORY;
  for (size_t i = 0; i < count; ++i) ids[i] = params->text.data[i];
  result->ids = ids;
  result->count = count;
  result->truncated = count < params->text.size;
  if (params->flags & BH_ENCODE_OFFSETS) {
    uint64_t *offsets = call->fn->allocate(call, (count + 1) * sizeof *offsets);
    if (offsets == NULL) return BH_OUT_OF_MEMORY;
    for (size_t i = 0; i <= count; ++i) offsets[i] = i;
    result->offsets = offsets;
  }
  return BH_OK;
}

static bh_status to_bytes(bh_call *call, const uint32_t *ids, size_t count, bh_bytes *out) {
  uint8_t *bytes = call->fn->allocate(call, count);
  if (bytes == NULL && count > 0) return BH_OUT_OF_MEMORY;
  for (size_t i = 0; i < count; ++i) {
    if (ids[i] > 255) {
      char message[64];
      snprintf(message, sizeof message, "id %u at position %zu is no byte", ids[i], i);
      return fail(call, BH_INVALID_ARGUMENT, message);
    }
    bytes[i] = (uint8_t)ids[i];
  }
  *out = (bh_bytes){bytes, count};
  return BH_OK;
}

static bh_status decode(bh_call *call, bh_instance *self, const bh_codec_decode_params *params,
                        bh_codec_bytes_result *result) {
  (void)self;
  return to_bytes(call, params->ids, params->count, &result->bytes);
}

static bh_status tokenize(bh_call *call, bh_instance *self, const bh_codec_encode_params *params,
                          bh_codec_tokenize_result *result) {
  (void)self;
  const size_t count = token_count(params);
  uint8_t *bytes = call->fn->allocate(call, count);
  uint64_t *offsets = call->fn->allocate(call, (count + 1) * sizeof *offsets);
  if ((bytes == NULL && count > 0) || offsets == NULL) return BH_OUT_OF_MEMORY;
  if (count > 0) memcpy(bytes, params->text.data, count);
  for (size_t i = 0; i <= count; ++i) offsets[i] = i;
  result->bytes = (bh_bytes){bytes, count};
  result->offsets = offsets;
  result->count = count;
  return BH_OK;
}

static bh_status count_tokens(bh_call *call, bh_instance *self,
                              const bh_codec_encode_params *params, bh_codec_count_result *result) {
  (void)call;
  (void)self;
  result->count = token_count(params);
  result->truncated = result->count < params->text.size;
  return BH_OK;
}

static bh_status encode_batch(bh_call *call, bh_instance *self,
                              const bh_codec_encode_batch_params *params,
                              bh_codec_encode_batch_result *result) {
  (void)self;
  size_t total = 0;
  for (size_t i = 0; i < params->count; ++i) total += params->texts[i].size;
  uint32_t *ids = call->fn->allocate(call, total * sizeof *ids);
  uint64_t *offsets = call->fn->allocate(call, (params->count + 1) * sizeof *offsets);
  if ((ids == NULL && total > 0) || offsets == NULL) return BH_OUT_OF_MEMORY;
  size_t at = 0;
  for (size_t i = 0; i < params->count; ++i) {
    offsets[i] = at;
    for (size_t j = 0; j < params->texts[i].size; ++j) ids[at++] = params->texts[i].data[j];
  }
  offsets[params->count] = at;
  result->ids = ids;
  result->id_count = total;
  result->offsets = offsets;
  result->count = params->count;
  return BH_OK;
}

static bh_status decode_batch(bh_call *call, bh_instance *self,
                              const bh_codec_decode_batch_params *params,
                              bh_codec_tokenize_result *result) {
  (void)self;
  bool ascend = params->offsets[0] == 0;
  for (size_t i = 0; i < params->count; ++i)
    ascend = ascend && params->offsets[i] <= params->offsets[i + 1];
  if (!ascend) return fail(call, BH_INVALID_ARGUMENT, "the offsets of a batch must ascend from 0");
  uint64_t *offsets = call->fn->allocate(call, (params->count + 1) * sizeof *offsets);
  if (offsets == NULL) return BH_OUT_OF_MEMORY;
  memcpy(offsets, params->offsets, (params->count + 1) * sizeof *offsets);
  result->offsets = offsets; /* one byte for each id: the offsets are the same */
  result->count = params->count;
  return to_bytes(call, params->ids, offsets[params->count], &result->bytes);
}

/* How many of the last bytes begin a UTF-8 character without ending it. */
static size_t incomplete(const uint8_t *bytes, size_t size) {
  for (size_t back = 1; back <= LONGEST_TAIL && back <= size; ++back) {
    const uint8_t byte = bytes[size - back];
    if ((byte & 0xc0) == 0x80) continue; /* inside a character */
    const size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

/* Call it with the lock held. */
static struct stream *find_stream(bh_instance *self, uint64_t number) {
  for (size_t i = 0; i < MOST_STREAMS; ++i)
    if (self->streams[i].number == number) return &self->streams[i];
  return NULL;
}

static bh_status stream_open(bh_call *call, bh_instance *self, bh_codec_stream_result *result) {
  bh_status status = BH_OK;
  pthread_mutex_lock(&self->lock);
  struct stream *stream = find_stream(self, 0);
  if (stream == NULL) {
    status = fail(call, BH_OVERLOADED, "64 streams are open already; close one");
  } else {
    *stream = (struct stream){.number = ++self->last_stream};
    result->stream = stream->number;
  }
  pthread_mutex_unlock(&self->lock);
  return status;
}

static bh_status no_stream(bh_call *call) {
  return fail(call, BH_NOT_FOUND, "there is no such stream; it was closed, or never opened");
}

static bh_status push(bh_call *call, struct stream *stream, const bh_codec_stream_params *params,
                      bh_bytes *out) {
  uint8_t *bytes = call->fn->allocate(call, stream->held + params->count);
  if (bytes == NULL && stream->held + params->count > 0) return BH_OUT_OF_MEMORY;
  bh_bytes decoded = {NULL, 0};
  const bh_status status = to_bytes(call, params->ids, params->count, &decoded);
  if (status != BH_OK) return status; /* the stream stays as it was */
  const size_t size = stream->held + decoded.size;
  if (stream->held > 0) memcpy(bytes, stream->tail, stream->held);
  if (decoded.size > 0) memcpy(bytes + stream->held, decoded.data, decoded.size);
  stream->held = incomplete(bytes, size);
  if (stream->held > 0) memcpy(stream->tail, bytes + size - stream->held, stream->held);
  *out = (bh_bytes){bytes, size - stream->held};
  return BH_OK;
}

static bh_status stream_push(bh_call *call, bh_instance *self, const bh_codec_stream_params *params,
                             bh_codec_bytes_result *result) {
  pthread_mutex_lock(&self->lock);
  struct stream *stream = params->stream == 0 ? NULL : find_stream(self, params->stream);
  const bh_status status =
      stream == NULL ? no_stream(call) : push(call, stream, params, &result->bytes);
  pthread_mutex_unlock(&self->lock);
  return status;
}

static bh_status stream_close(bh_call *call, bh_instance *self,
                              const bh_codec_stream_params *params, bh_codec_bytes_result *result) {
  pthread_mutex_lock(&self->lock);
  struct stream *stream = params->stream == 0 ? NULL : find_stream(self, params->stream);
  bh_status status = BH_OK;
  if (stream == NULL) {
    status = no_stream(call);
  } else {
    uint8_t *rest = call->fn->allocate(call, LONGEST_TAIL);
    if (rest == NULL) {
      status = BH_OUT_OF_MEMORY;
    } else {
      memcpy(rest, stream->tail, stream->held);
      result->bytes = (bh_bytes){rest, stream->held};
      stream->number = 0;
    }
  }
  pthread_mutex_unlock(&self->lock);
  return status;
}

/* Results are memory of the call: literals, too, are copied into it. */
static bool give_text(bh_call *call, const char *text, bh_text *out) {
  const size_t size = strlen(text);
  char *copy = call->fn->allocate(call, size);
  if (copy == NULL) return false;
  memcpy(copy, text, size);
  *out = (bh_text){copy, size};
  return true;
}

static bh_status info(bh_call *call, bh_instance *self, bh_codec_info_result *result) {
  (void)self;
  if (!give_text(call, "bytes", &result->name)) return BH_OUT_OF_MEMORY;
  if (!give_text(call, "mul", &result->languages)) return BH_OUT_OF_MEMORY;
  result->vocabulary = 256;
  result->max_id = 255;
  result->max_token_bytes = 1;
  return BH_OK;
}

static const bh_codec_v1 codec = {
    .struct_size = sizeof codec,
    .encode = encode,
    .decode = decode,
    .tokenize = tokenize,
    .count = count_tokens,
    .encode_batch = encode_batch,
    .decode_batch = decode_batch,
    .stream_open = stream_open,
    .stream_push = stream_push,
    .stream_close = stream_close,
    .info = info,
};

static bh_status open(bh_call *call, const bh_open_params *params, bh_instance **out) {
  (void)params; /* there is nothing to configure */
  bh_instance *self = calloc(1, sizeof *self);
  if (self == NULL) return fail(call, BH_OUT_OF_MEMORY, "there is no memory for an instance");
  pthread_mutex_init(&self->lock, NULL);
  *out = self;
  return BH_OK;
}

static void close(bh_instance *self) {
  pthread_mutex_destroy(&self->lock);
  free(self);
}

static const void *get_interface(bh_instance *self, const char *name) {
  (void)self;
  return strcmp(name, BH_CODEC_1) == 0 ? &codec : NULL;
}

static const char *const interfaces[] = {BH_CODEC_1, NULL};
static const bh_descriptor descriptor = {
    BH_DESCRIPTOR_PREFIX("first_plugin_c", "1.0.0", interfaces, NULL, NULL), open, close,
    get_interface};

BH_DEFINE_PLUGIN(descriptor)
