/* bulkhead/abi/draft/multimodal.h: "bulkhead.multimodal/1-draft", images, sound and other media to
 * tensors.
 *
 * A draft: it may change until its first full plugin family ships; then it is frozen under the same
 * name. Every method has the form method(call, instance, params, result). Params are borrowed for
 * the call; what a result points to is memory of the call (call.h, allocate), and the host checks
 * that. Result structs are zeroed by the caller except for struct_size. Unless a function says
 * otherwise it is [any-thread].
 *
 * Outputs are ragged: each item of a batch has tensors of its own, each with its own shape. They
 * are compact DLPack tensors in CPU memory. An image is uint8 [height, width, channels], sound is
 * float32 [frames, channels] in -1 to 1; what else a plugin makes, it says in `info`.
 *
 * Errors common to all: BH_CANCELLED, BH_DEADLINE_EXCEEDED, BH_OUT_OF_MEMORY, BH_INTERNAL.
 */
#ifndef BULKHEAD_ABI_DRAFT_MULTIMODAL_H
#define BULKHEAD_ABI_DRAFT_MULTIMODAL_H

#include "../call.h"
#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BH_MULTIMODAL_1 "bulkhead.multimodal/1-draft"

/* What a plugin takes and makes. */
typedef struct bh_media_format {
  bh_text media_type; /* "image/png" */
  bh_text output;     /* for a person: "uint8 [height, width, channels]" */
} bh_media_format;

typedef struct bh_multimodal_info_result {
  uint32_t struct_size;
  uint32_t reserved;
  bh_text name;
  const bh_media_format *formats; /* [format_count] */
  size_t format_count;
} bh_multimodal_info_result;

typedef struct bh_media_item {
  bh_bytes bytes;     /* a whole file */
  bh_text media_type; /* empty: the plugin looks at the bytes */
} bh_media_item;

/* What a file holds, without decoding it. A fact that does not apply is 0. */
typedef struct bh_media_facts {
  bh_text media_type;
  uint64_t width, height;       /* pixels */
  uint64_t channels;            /* of colour or of sound */
  uint64_t frames, sample_rate; /* of sound; samples a second */
  uint64_t bytes;               /* of all tensors that `load` would give */
} bh_media_facts;

typedef struct bh_multimodal_load_params {
  uint32_t struct_size;
  uint32_t threads;           /* that the plugin may use; 0 and 1: the calling one only */
  const bh_media_item *items; /* [item_count] */
  size_t item_count;
} bh_multimodal_load_params;

typedef struct bh_named_tensor {
  bh_text name; /* "pixels", "samples" */
  DLTensor tensor;
} bh_named_tensor;

typedef struct bh_media_tensors {
  bh_media_facts facts;
  const bh_named_tensor *tensors; /* [tensor_count] */
  size_t tensor_count;
} bh_media_tensors;

typedef struct bh_multimodal_load_result {
  uint32_t struct_size;
  uint32_t reserved;
  const bh_media_tensors *items; /* [item_count], in the order of the params */
  size_t item_count;
} bh_multimodal_load_result;

typedef struct bh_multimodal_probe_result {
  uint32_t struct_size;
  uint32_t reserved;
  const bh_media_facts *items; /* [item_count], in the order of the params */
  size_t item_count;
} bh_multimodal_probe_result;

/* Method numbers: for `submit`, and on the wire. Append only. */
enum { BH_MULTIMODAL_INFO = 0, BH_MULTIMODAL_PROBE = 1, BH_MULTIMODAL_LOAD = 2 };

typedef struct bh_multimodal_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* What the plugin takes and makes. */
  bh_status (*info)(bh_call *, bh_instance *, const bh_empty *, bh_multimodal_info_result *);
  /* What the files hold, from their headers alone: lets a caller refuse a decompression bomb
   * before it loads one. All or nothing; the text of an error begins with the item's index.
   * Errors: BH_UNSUPPORTED for a media type that `info` does not name, BH_DATA_INVALID. */
  bh_status (*probe)(bh_call *, bh_instance *, const bh_multimodal_load_params *,
                     bh_multimodal_probe_result *);
  /* Decodes files into tensors. Errors: as probe; BH_OUT_OF_MEMORY where the tensors exceed the
   * caller's output limit, found before they are made. */
  bh_status (*load)(bh_call *, bh_instance *, const bh_multimodal_load_params *,
                    bh_multimodal_load_result *);
  /* As in bulkhead/abi/codec.h: starts a method by its number. NULL in a plugin's table: the host
   * runs the method on a thread of its own. In an embedder's table it never is. */
  bh_status (*submit)(bh_call *, bh_instance *, uint32_t method, const void *params, void *result,
                      bh_completion done);
} bh_multimodal_v1;

#ifdef __cplusplus
}
#endif

#endif
