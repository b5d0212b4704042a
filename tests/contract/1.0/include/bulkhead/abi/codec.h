/* bulkhead/abi/codec.h: "bulkhead.codec/1", text to token ids and back.
 *
 * Token ids are uint32_t. Text is bytes that should be UTF-8: what a codec does with other bytes is
 * its own affair, but it must not fail to terminate, and decode(encode(x)) == x is expected.
 * Unless a function says otherwise it is [any-thread]; params are borrowed for the call; results
 * are memory of the call (call.h, allocate). Result structs are zeroed by the caller except for
 * struct_size.
 *
 * Errors common to all: BH_CANCELLED, BH_DEADLINE_EXCEEDED, BH_OUT_OF_MEMORY, BH_INTERNAL.
 */
#ifndef BULKHEAD_ABI_CODEC_H
#define BULKHEAD_ABI_CODEC_H

#include "call.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BH_CODEC_1 "bulkhead.codec/1"

/* The text has a special token that the rules disallow. */
enum { BH_CODEC_DISALLOWED_SPECIAL = 1000 };

/* Which special tokens ("<|endoftext|>") are recognised in text. All zero: none, their text is
 * ordinary text, and nothing in a text can forge a marker. A token that is allowed is never
 * disallowed. */
enum { BH_SPECIAL_NONE = 0, BH_SPECIAL_ALL = 1, BH_SPECIAL_LIST = 2 };
typedef struct bh_codec_special {
  uint32_t allowed;            /* BH_SPECIAL_*: encoded as their id */
  uint32_t disallowed;         /* BH_SPECIAL_*: end the call with BH_CODEC_DISALLOWED_SPECIAL */
  const bh_text *allowed_list; /* [allowed_count], with LIST */
  const bh_text *disallowed_list;
  size_t allowed_count;
  size_t disallowed_count;
} bh_codec_special;

enum { BH_ENCODE_OFFSETS = 1u }; /* flag: fill `offsets` */

typedef struct bh_codec_encode_params {
  uint32_t struct_size;
  uint32_t flags; /* BH_ENCODE_* */
  bh_bytes text;
  bh_codec_special special;
  uint64_t max_tokens; /* stop after so many ids; 0: no limit */
} bh_codec_encode_params;

typedef struct bh_codec_encode_result {
  uint32_t struct_size;
  uint32_t truncated;  /* 1: max_tokens ended the encoding before the end of the text */
  const uint32_t *ids; /* [count] */
  size_t count;
  const uint64_t *offsets; /* [count + 1] byte offsets into text; NULL unless asked for */
} bh_codec_encode_result;

typedef struct bh_codec_decode_params {
  uint32_t struct_size;
  uint32_t reserved;
  const uint32_t *ids; /* [count] */
  size_t count;
} bh_codec_decode_params;

typedef struct bh_codec_bytes_result {
  uint32_t struct_size;
  uint32_t reserved;
  bh_bytes bytes;
} bh_codec_bytes_result;

/* Pieces: the bytes of each token. Piece i is bytes[offsets[i] .. offsets[i + 1]). */
typedef struct bh_codec_tokenize_result {
  uint32_t struct_size;
  uint32_t reserved;
  bh_bytes bytes;
  const uint64_t *offsets; /* [count + 1], ascending, from 0 to bytes.size */
  size_t count;
} bh_codec_tokenize_result;

typedef struct bh_codec_count_result {
  uint32_t struct_size;
  uint32_t truncated; /* 1: counting stopped at max_tokens */
  uint64_t count;
} bh_codec_count_result;

typedef struct bh_codec_encode_batch_params {
  uint32_t struct_size;
  uint32_t threads;      /* threads that the codec may use; 0 and 1: the calling one only */
  const bh_bytes *texts; /* [count] */
  size_t count;
  bh_codec_special special;
} bh_codec_encode_batch_params;

/* Item i is ids[offsets[i] .. offsets[i + 1]). */
typedef struct bh_codec_encode_batch_result {
  uint32_t struct_size;
  uint32_t reserved;
  const uint32_t *ids; /* [offsets[count]] */
  size_t id_count;
  const uint64_t *offsets; /* [count + 1], ascending from 0 */
  size_t count;
} bh_codec_encode_batch_result;

typedef struct bh_codec_decode_batch_params {
  uint32_t struct_size;
  uint32_t threads;
  const uint32_t *ids;     /* [offsets[count]] */
  const uint64_t *offsets; /* [count + 1], ascending from 0 */
  size_t count;
} bh_codec_decode_batch_params;

/* A streaming decoder holds back an incomplete UTF-8 tail until its rest arrives. */
typedef struct bh_codec_stream_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t stream; /* a handle; a plugin gives out 1 to 2^48 - 1, the host marks the rest */
} bh_codec_stream_result;

typedef struct bh_codec_stream_params {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t stream;
  const uint32_t *ids; /* [count]; push only */
  size_t count;
} bh_codec_stream_params;

/* Facts about the vocabulary. */
typedef struct bh_codec_special_token {
  bh_text text;
  uint32_t id;
  uint32_t reserved;
} bh_codec_special_token;

typedef struct bh_codec_info_result {
  uint32_t struct_size;
  uint32_t special_count;
  bh_text name;             /* of the encoding: "cl100k_base" */
  bh_text languages;        /* BCP 47 tags separated by spaces, or "mul" */
  uint64_t vocabulary;      /* number of ids that decode to something, special ones included */
  uint64_t max_id;          /* the largest of them */
  uint64_t max_token_bytes; /* length of the longest token */
  const bh_codec_special_token *special; /* [special_count], by id */
} bh_codec_info_result;

/* Method numbers: for `submit`, and on the wire. Append only. */
enum {
  BH_CODEC_ENCODE = 0,
  BH_CODEC_DECODE = 1,
  BH_CODEC_TOKENIZE = 2,
  BH_CODEC_COUNT = 3,
  BH_CODEC_ENCODE_BATCH = 4,
  BH_CODEC_DECODE_BATCH = 5,
  BH_CODEC_STREAM_OPEN = 6,
  BH_CODEC_STREAM_PUSH = 7,
  BH_CODEC_STREAM_CLOSE = 8,
  BH_CODEC_INFO = 9
};

typedef struct bh_codec_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* Text to ids. Errors: BH_CODEC_DISALLOWED_SPECIAL; BH_INVALID_ARGUMENT for an allowed or
   * disallowed special token that the vocabulary does not have. */
  bh_status (*encode)(bh_call *, bh_instance *, const bh_codec_encode_params *,
                      bh_codec_encode_result *);
  /* Ids to bytes; special tokens become their text. Errors: BH_INVALID_ARGUMENT for an unknown id
   * (the text names the id and its position). */
  bh_status (*decode)(bh_call *, bh_instance *, const bh_codec_decode_params *,
                      bh_codec_bytes_result *);
  /* Text to pieces: what encode gives, as bytes. Errors: as encode. */
  bh_status (*tokenize)(bh_call *, bh_instance *, const bh_codec_encode_params *,
                        bh_codec_tokenize_result *);
  /* How many ids encode would give, without making them; stops at max_tokens. Errors: as encode. */
  bh_status (*count)(bh_call *, bh_instance *, const bh_codec_encode_params *,
                     bh_codec_count_result *);
  /* Many texts in one call. All or nothing: the first error, by index, ends it and its text names
   * the index. Errors: as encode. */
  bh_status (*encode_batch)(bh_call *, bh_instance *, const bh_codec_encode_batch_params *,
                            bh_codec_encode_batch_result *);
  /* Many id lists in one call; the result has the form of tokenize. Errors: as decode;
   * BH_INVALID_ARGUMENT for offsets that don't ascend. */
  bh_status (*decode_batch)(bh_call *, bh_instance *, const bh_codec_decode_batch_params *,
                            bh_codec_tokenize_result *);
  /* Streaming decode: open, push ids and get the bytes that are complete, close and get the held
   * back rest. push and close are [stream]. A closed or unknown stream is BH_NOT_FOUND; too many
   * open ones are BH_OVERLOADED. push errors: as decode, and the stream stays as it was. */
  bh_status (*stream_open)(bh_call *, bh_instance *, bh_codec_stream_result *);
  bh_status (*stream_push)(bh_call *, bh_instance *, const bh_codec_stream_params *,
                           bh_codec_bytes_result *);
  bh_status (*stream_close)(bh_call *, bh_instance *, const bh_codec_stream_params *,
                            bh_codec_bytes_result *);
  /* Facts about the vocabulary. */
  bh_status (*info)(bh_call *, bh_instance *, bh_codec_info_result *);
  /* Starts method BH_CODEC_* and returns; `done` is called once with its status. `params` (NULL for
   * methods that take none) is read before submit returns; `call` and `result` must stay until
   * `done`. Returns BH_OK when `done` will be called, else an error and `done` never is:
   * BH_OVERLOADED, BH_INVALID_ARGUMENT for an unknown method, BH_UNAVAILABLE.
   * In the table that a plugin exports this may be NULL: the host then runs the method on a thread
   * of its own. In a table that an embedder gets it never is. */
  bh_status (*submit)(bh_call *, bh_instance *, uint32_t method, const void *params, void *result,
                      bh_completion done);
} bh_codec_v1;

#ifdef __cplusplus
}
#endif
#endif
