// The structs and methods of "bulkhead.compression/1-draft".
#include <bulkhead/abi/draft/compression.h>

#include "sdk/schema/draft/common.capnp.h"
#include "sdk/schema/draft/compression.capnp.h"
#include "sdk/wire/binding.hpp"
#include "sdk/wire/drafts.hpp"

namespace bulkhead::wire {

template <>
const Layout& layout<bh_compression_method>() {
  static const Layout self =
      describe<bh_compression_method>({BULKHEAD_FIELD(bh_compression_method, name),
                                       BULKHEAD_FIELD(bh_compression_method, description)});
  return self;
}

template <>
const Layout& layout<bh_compression_info_result>() {
  static const Layout self = describe<bh_compression_info_result>(
      {BULKHEAD_FIELD(bh_compression_info_result, name),
       BULKHEAD_LIST(bh_compression_info_result, methods, method_count)});
  return self;
}

template <>
const Layout& layout<bh_compression_params>() {
  static const Layout self = describe<bh_compression_params>(
      {BULKHEAD_FIELD(bh_compression_params, threads),
       BULKHEAD_FIELD(bh_compression_params, method), BULKHEAD_FIELD(bh_compression_params, model),
       BULKHEAD_FIELD(bh_compression_params, output),
       BULKHEAD_LIST(bh_compression_params, calibration, calibration_count),
       BULKHEAD_LIST(bh_compression_params, options, option_count)});
  return self;
}

template <>
const Layout& layout<bh_compression_estimate_result>() {
  static const Layout self = describe<bh_compression_estimate_result>(
      {BULKHEAD_FIELD(bh_compression_estimate_result, input_bytes),
       BULKHEAD_FIELD(bh_compression_estimate_result, output_bytes),
       BULKHEAD_FIELD(bh_compression_estimate_result, tensors),
       BULKHEAD_FIELD(bh_compression_estimate_result, parameters)});
  return self;
}

template <>
const Layout& layout<bh_compressed_tensor>() {
  static const Layout self = describe<bh_compressed_tensor>(
      {BULKHEAD_FIELD(bh_compressed_tensor, name), BULKHEAD_FIELD(bh_compressed_tensor, before),
       BULKHEAD_FIELD(bh_compressed_tensor, after),
       BULKHEAD_FIELD(bh_compressed_tensor, parameters),
       BULKHEAD_FIELD(bh_compressed_tensor, bytes_before),
       BULKHEAD_FIELD(bh_compressed_tensor, bytes_after),
       BULKHEAD_FIELD(bh_compressed_tensor, max_error),
       BULKHEAD_FIELD(bh_compressed_tensor, rms_error)});
  return self;
}

template <>
const Layout& layout<bh_compression_result>() {
  static const Layout self = describe<bh_compression_result>(
      {BULKHEAD_FIELD(bh_compression_result, input_bytes),
       BULKHEAD_FIELD(bh_compression_result, output_bytes),
       BULKHEAD_FIELD(bh_compression_result, parameters),
       BULKHEAD_FIELD(bh_compression_result, bits_per_parameter),
       BULKHEAD_LIST(bh_compression_result, tensors, tensor_count)});
  return self;
}

namespace {

using namespace compression;
using Table = bh_compression_v1;

constexpr MethodBinding kMethods[] = {
    method<&Table::info, common::Empty, InfoResults>("info", BH_COMPRESSION_INFO),
    method<&Table::estimate, Params, EstimateResults>("estimate", BH_COMPRESSION_ESTIMATE),
    method<&Table::compress, Params, CompressResults>("compress", BH_COMPRESSION_COMPRESS),
};

}  // namespace

constexpr InterfaceBinding kCompressionBinding = {BH_COMPRESSION_1, 2, sizeof(Table), kMethods};

namespace {

constexpr Table kTable = {
    sizeof(Table),
    0,
    entry<kCompressionBinding, &Table::info, BH_COMPRESSION_INFO>,
    entry<kCompressionBinding, &Table::estimate, BH_COMPRESSION_ESTIMATE>,
    entry<kCompressionBinding, &Table::compress, BH_COMPRESSION_COMPRESS>,
    entry_submit<kCompressionBinding>,
};

}  // namespace

InterfaceInfo compression_interface() { return interface_info<kCompressionBinding>(&kTable); }

}  // namespace bulkhead::wire
