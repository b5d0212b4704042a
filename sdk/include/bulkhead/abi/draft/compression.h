/* bulkhead/abi/draft/compression.h: "bulkhead.compression/1-draft", models made smaller.
 *
 * A draft: it may change until its first full plugin family ships; then it is frozen under the same
 * name. Every method has the form method(call, instance, params, result). Params are borrowed for
 * the call; what a result points to is memory of the call (call.h, allocate), and the host checks
 * that. Result structs are zeroed by the caller except for struct_size. Unless a function says
 * otherwise it is [any-thread].
 *
 * Models have many gigabytes, so they do not travel in calls: params name files that the host has
 * granted, and the plugin reads and writes them through the service "bulkhead.files/1" (files.h),
 * a piece at a time. The output appears under its name only when it is complete.
 *
 * Errors common to all: BH_CANCELLED, BH_DEADLINE_EXCEEDED, BH_OUT_OF_MEMORY, BH_INTERNAL.
 * BH_PERMISSION_DENIED: a name that was not granted. BH_DATA_INVALID: a malformed model; the text
 * says where.
 */
#ifndef BULKHEAD_ABI_DRAFT_COMPRESSION_H
#define BULKHEAD_ABI_DRAFT_COMPRESSION_H

#include "../call.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BH_COMPRESSION_1 "bulkhead.compression/1-draft"

typedef struct bh_compression_method {
  bh_text name;        /* "int8" */
  bh_text description; /* for a person */
} bh_compression_method;

typedef struct bh_compression_info_result {
  uint32_t struct_size;
  uint32_t reserved;
  bh_text name;
  const bh_compression_method *methods; /* [method_count] */
  size_t method_count;
} bh_compression_info_result;

typedef struct bh_compression_params {
  uint32_t struct_size;
  uint32_t threads;           /* that the plugin may use; 0 and 1: the calling one only */
  bh_text method;             /* one of `info` */
  bh_text model;              /* granted for reading */
  bh_text output;             /* granted for writing; `estimate` ignores it */
  const bh_text *calibration; /* [calibration_count] granted for reading; may be none */
  size_t calibration_count;
  const bh_config_entry *options; /* [option_count] of the method; may be none */
  size_t option_count;
} bh_compression_params;

typedef struct bh_compression_estimate_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t input_bytes;
  uint64_t output_bytes; /* exact where the method allows it */
  uint64_t tensors;
  uint64_t parameters; /* numbers in all tensors */
} bh_compression_estimate_result;

/* What became of one tensor. */
typedef struct bh_compressed_tensor {
  bh_text name;
  bh_text before, after; /* number formats: "F32", "I8" */
  uint64_t parameters;
  uint64_t bytes_before, bytes_after; /* scales included */
  double max_error;                   /* largest |restored - original| */
  double rms_error;                   /* root of the mean of its square */
} bh_compressed_tensor;

typedef struct bh_compression_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t input_bytes, output_bytes; /* of the files, headers included */
  uint64_t parameters;
  double bits_per_parameter;           /* of the output file */
  const bh_compressed_tensor *tensors; /* [tensor_count], in the order of the file */
  size_t tensor_count;
} bh_compression_result;

/* Method numbers: for `submit`, and on the wire. Append only. */
enum { BH_COMPRESSION_INFO = 0, BH_COMPRESSION_ESTIMATE = 1, BH_COMPRESSION_COMPRESS = 2 };

typedef struct bh_compression_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* The methods of the plugin. */
  bh_status (*info)(bh_call *, bh_instance *, const bh_empty *, bh_compression_info_result *);
  /* What `compress` would give, from the header of the model alone. Errors: BH_NOT_FOUND for an
   * unknown method. */
  bh_status (*estimate)(bh_call *, bh_instance *, const bh_compression_params *,
                        bh_compression_estimate_result *);
  /* Writes the smaller model and reports on each tensor. Progress in bytes of the model read.
   * Memory is bounded whatever the size of the model. Cancelled or failed: there is no output.
   * Errors: as estimate; BH_INVALID_ARGUMENT for an option; BH_IO_ERROR; BH_RESOURCE_EXHAUSTED
   * where the disk is full. */
  bh_status (*compress)(bh_call *, bh_instance *, const bh_compression_params *,
                        bh_compression_result *);
  /* As in bulkhead/abi/codec.h: starts a method by its number. NULL in a plugin's table: the host
   * runs the method on a thread of its own. In an embedder's table it never is. */
  bh_status (*submit)(bh_call *, bh_instance *, uint32_t method, const void *params, void *result,
                      bh_completion done);
} bh_compression_v1;

#ifdef __cplusplus
}
#endif

#endif
