// The loader: any bytes give tensors that keep the contract, or an error; never more memory than
// the call allows. Checksums of PNG chunks are made right first, or nothing would get past them.
#include <zlib.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include <bulkhead/abi/draft/multimodal.h>

#include "tests/plugins/support/plugin_library.hpp"

extern "C" const bh_descriptor* bulkhead_query(const bh_query* query);

namespace {

using namespace bulkhead::testing;

constexpr std::size_t kMostOutput = std::size_t{4} << 20;

std::uint32_t number(std::string_view from) {
  std::uint32_t value = 0;
  for (const char byte : from.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

void correct_checksums(std::string& file) {
  if (!file.starts_with("\x89PNG\r\n\x1a\n")) return;
  for (std::size_t at = 8; file.size() - at >= 12;) {
    const std::size_t size = number(std::string_view(file).substr(at));
    if (size > file.size() - at - 12) return;
    const auto crc =
        crc32(0, reinterpret_cast<const Bytef*>(file.data() + at + 4), static_cast<uInt>(size + 4));
    for (unsigned i = 0; i < 4; ++i) {
      file[at + 8 + size + i] = static_cast<char>(crc >> (24 - 8 * i));
    }
    at += size + 12;
  }
}

bh_instance* instance() {
  static bh_instance* const self = [] {
    bh_open_params params{};
    params.struct_size = sizeof params;
    bh_instance* made = nullptr;
    TestCall call;
    if (bulkhead_query(nullptr)->open(call, &params, &made) != BH_OK) std::abort();
    return made;
  }();
  return self;
}

void expect(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string file(reinterpret_cast<const char*>(data), size);
  correct_checksums(file);
  const bh_media_item item{bytes_of(file), {}};
  const bh_multimodal_load_params params{sizeof params, 1, &item, 1};
  const auto* table = static_cast<const bh_multimodal_v1*>(
      bulkhead_query(nullptr)->get_interface(instance(), BH_MULTIMODAL_1));

  TestCall probe_call, load_call;
  probe_call.limit_output(kMostOutput);
  load_call.limit_output(kMostOutput);
  bh_multimodal_probe_result probed{};
  probed.struct_size = sizeof probed;
  bh_multimodal_load_result loaded{};
  loaded.struct_size = sizeof loaded;
  const bh_status probe_status = table->probe(probe_call, instance(), &params, &probed);
  const bh_status load_status = table->load(load_call, instance(), &params, &loaded);
  expect(probe_status == BH_OK || !probe_call.message.empty());
  expect(load_status == BH_OK || !load_call.message.empty());
  if (probe_status != BH_OK) expect(load_status == probe_status);
  if (load_status != BH_OK) return 0;

  const DLTensor& tensor = loaded.items[0].tensors[0].tensor;
  const std::size_t bytes = bh_tensor_bytes(&tensor);
  expect(bytes == probed.items[0].bytes && bytes <= kMostOutput);
  expect(load_call.owns(tensor.data, bytes));
  return 0;
}
