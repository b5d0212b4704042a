// The structs and methods of "bulkhead.multimodal/1-draft".
#include <bulkhead/abi/draft/multimodal.h>

#include "sdk/schema/draft/common.capnp.h"
#include "sdk/schema/draft/multimodal.capnp.h"
#include "sdk/wire/binding.hpp"
#include "sdk/wire/drafts.hpp"

namespace bulkhead::wire {

template <>
const Layout& layout<bh_media_format>() {
  static const Layout self = describe<bh_media_format>(
      {BULKHEAD_FIELD(bh_media_format, media_type), BULKHEAD_FIELD(bh_media_format, output)});
  return self;
}

template <>
const Layout& layout<bh_multimodal_info_result>() {
  static const Layout self = describe<bh_multimodal_info_result>(
      {BULKHEAD_FIELD(bh_multimodal_info_result, name),
       BULKHEAD_LIST(bh_multimodal_info_result, formats, format_count)});
  return self;
}

template <>
const Layout& layout<bh_media_item>() {
  static const Layout self = describe<bh_media_item>(
      {BULKHEAD_FIELD(bh_media_item, bytes), BULKHEAD_FIELD(bh_media_item, media_type)});
  return self;
}

template <>
const Layout& layout<bh_media_facts>() {
  static const Layout self = describe<bh_media_facts>(
      {BULKHEAD_FIELD(bh_media_facts, media_type), BULKHEAD_FIELD(bh_media_facts, width),
       BULKHEAD_FIELD(bh_media_facts, height), BULKHEAD_FIELD(bh_media_facts, channels),
       BULKHEAD_FIELD(bh_media_facts, frames), BULKHEAD_FIELD(bh_media_facts, sample_rate),
       BULKHEAD_FIELD(bh_media_facts, bytes)});
  return self;
}

template <>
const Layout& layout<bh_multimodal_load_params>() {
  static const Layout self = describe<bh_multimodal_load_params>(
      {BULKHEAD_FIELD(bh_multimodal_load_params, threads),
       BULKHEAD_LIST(bh_multimodal_load_params, items, item_count)});
  return self;
}

template <>
const Layout& layout<bh_named_tensor>() {
  static const Layout self = describe<bh_named_tensor>(
      {BULKHEAD_FIELD(bh_named_tensor, name), BULKHEAD_FIELD(bh_named_tensor, tensor)});
  return self;
}

template <>
const Layout& layout<bh_media_tensors>() {
  static const Layout self =
      describe<bh_media_tensors>({BULKHEAD_FIELD(bh_media_tensors, facts),
                                  BULKHEAD_LIST(bh_media_tensors, tensors, tensor_count)});
  return self;
}

template <>
const Layout& layout<bh_multimodal_load_result>() {
  static const Layout self = describe<bh_multimodal_load_result>(
      {BULKHEAD_LIST(bh_multimodal_load_result, items, item_count)});
  return self;
}

template <>
const Layout& layout<bh_multimodal_probe_result>() {
  static const Layout self = describe<bh_multimodal_probe_result>(
      {BULKHEAD_LIST(bh_multimodal_probe_result, items, item_count)});
  return self;
}

namespace {

template <class Result>
bool same_count(const void* params, const void* result) {
  return static_cast<const bh_multimodal_load_params*>(params)->item_count ==
         static_cast<const Result*>(result)->item_count;
}

using namespace multimodal;
using Table = bh_multimodal_v1;

constexpr MethodBinding kMethods[] = {
    method<&Table::info, common::Empty, InfoResults>("info", BH_MULTIMODAL_INFO),
    method<&Table::probe, LoadParams, ProbeResults>("probe", BH_MULTIMODAL_PROBE,
                                                    same_count<bh_multimodal_probe_result>),
    method<&Table::load, LoadParams, LoadResults>("load", BH_MULTIMODAL_LOAD,
                                                  same_count<bh_multimodal_load_result>),
};

}  // namespace

constexpr InterfaceBinding kMultimodalBinding = {BH_MULTIMODAL_1, 1, sizeof(Table), kMethods};

namespace {

constexpr Table kTable = {
    sizeof(Table),
    0,
    entry<kMultimodalBinding, &Table::info, BH_MULTIMODAL_INFO>,
    entry<kMultimodalBinding, &Table::probe, BH_MULTIMODAL_PROBE>,
    entry<kMultimodalBinding, &Table::load, BH_MULTIMODAL_LOAD>,
    entry_submit<kMultimodalBinding>,
};

}  // namespace

InterfaceInfo multimodal_interface() { return interface_info<kMultimodalBinding>(&kTable); }

}  // namespace bulkhead::wire
