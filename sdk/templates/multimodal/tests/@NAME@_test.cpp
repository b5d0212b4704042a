// Tests of @NAME@ without a host: the library is loaded directly.
#include <bulkhead/abi/draft/multimodal.h>
#include <bulkhead/testing/checks.hpp>
#include <bulkhead/testing/instance.hpp>

#include <string>

using namespace bulkhead::testing;

int main(int, char** arguments) {
  const PluginLibrary library(arguments[1]);
  TestServices services("");
  const TestInstance instance(library, services);
  const auto& table = instance.table<bh_multimodal_v1>(BH_MULTIMODAL_1);

  // The bytes of the first tensor that a file makes.
  const auto load = [&](std::string_view bytes, std::size_t limit) {
    TestCall call;
    call.limit_output(limit);
    const bh_media_item item = {bytes_of(bytes), text_of("")};
    bh_multimodal_load_params params{};
    params.struct_size = sizeof params;
    params.items = &item;
    params.item_count = 1;
    bh_multimodal_load_result result{};
    result.struct_size = sizeof result;
    check(call, table.load(call, instance.get(), &params, &result));
    const DLTensor& tensor = result.items[0].tensors[0].tensor;
    return std::string(static_cast<const char*>(tensor.data), bh_tensor_bytes(&tensor));
  };

  Checks checks;
  checks.that(load("pixels", 1 << 20) == "pixels", "the tensor holds the bytes of the file");
  checks.fails(
      BH_OUT_OF_MEMORY, [&] { load(std::string(4096, 'x'), 1024); },
      "a tensor over the caller's limit is refused");
  return checks.outcome();
}
