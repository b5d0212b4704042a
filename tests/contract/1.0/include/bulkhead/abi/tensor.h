/* bulkhead/abi/tensor.h: tensors are DLPack's DLTensor, so that users of NumPy, PyTorch, CuPy, JAX
 * and ONNX Runtime meet what they know.
 *
 * A bh_tensor is borrowed like bh_bytes: who owns the memory stands with the function that passes
 * it. Strides are in elements; NULL strides mean compact row-major. Needs dlpack/dlpack.h (Debian
 * libdlpack-dev).
 */
#ifndef BULKHEAD_ABI_TENSOR_H
#define BULKHEAD_ABI_TENSOR_H

#include <dlpack/dlpack.h>

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bh_tensor {
  uint32_t struct_size;
  uint32_t reserved;
  DLTensor tensor;
} bh_tensor;

/* The bytes that a compact tensor occupies, or SIZE_MAX when the shape is negative, missing or too
 * large for size_t. */
static inline size_t bh_tensor_bytes(const DLTensor *tensor) {
  size_t bytes = ((size_t)tensor->dtype.bits * tensor->dtype.lanes + 7) / 8;
  if (tensor->ndim < 0 || (tensor->ndim > 0 && tensor->shape == NULL)) return SIZE_MAX;
  for (int32_t i = 0; i < tensor->ndim; ++i) {
    if (tensor->shape[i] < 0) return SIZE_MAX;
    if (__builtin_mul_overflow(bytes, (size_t)tensor->shape[i], &bytes)) return SIZE_MAX;
  }
  return bytes;
}

#ifdef __cplusplus
}
#endif
#endif
