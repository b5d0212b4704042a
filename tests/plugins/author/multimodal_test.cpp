// bulkhead::Multimodal: what the author API makes of a class with three functions, and of what that
// class throws.
#include <bulkhead/sdk/multimodal.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <catch2/catch.hpp>

#include "tests/plugins/support/plugin_library.hpp"

using namespace bulkhead::testing;
using namespace std::string_literals;
using bulkhead::sdk::InstanceBase;
using bulkhead::sdk::MultimodalInstance;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

// Makes what the test says. Every byte of a tensor is the number of the tensor.
struct Maker final : bulkhead::Multimodal {
  std::vector<TensorSpec> tensors;
  std::function<void()> in_probe = [] {}, in_load = [] {};

  MultimodalFacts info() const override { return {"maker", {{"text/plain", "nothing"}}}; }
  Probed probe(const Call&, const MediaItem& item) const override {
    in_probe();
    Probed probed;
    probed.media_type = "text/plain";
    probed.frames = item.bytes.size();
    probed.tensors = tensors;
    return probed;
  }
  void load(const Call&, const MediaItem&, const Probed&,
            std::span<const TensorMemory> memory) const override {
    in_load();
    for (std::size_t i = 0; i < memory.size(); ++i) {
      std::ranges::fill(memory[i].as<unsigned char>(), static_cast<unsigned char>(i + 1));
    }
  }
};

struct Made {
  explicit Made(std::vector<bulkhead::sdk::TensorSpec> tensors = {}) {
    maker->tensors = std::move(tensors);
  }
  // Loads that many items of one byte.
  bh_status load(std::size_t count) {
    if (!instance) instance = std::make_unique<MultimodalInstance>(std::move(maker));
    const auto* table = static_cast<const bh_multimodal_v1*>(instance->interface(BH_MULTIMODAL_1));
    const std::vector<bh_media_item> items(count, {bytes_of("x"), {}});
    const bh_multimodal_load_params params{sizeof params, 2, items.data(), items.size()};
    result = {};
    result.struct_size = sizeof result;
    return table->load(call, instance->handle(), &params, &result);
  }

  std::unique_ptr<Maker> maker = std::make_unique<Maker>();
  std::unique_ptr<InstanceBase> instance;
  TestCall call;
  bh_multimodal_load_result result{};
};

constexpr DLDataType kUint8 = bulkhead::sdk::TensorSpec::kUint8;
constexpr DLDataType kFloat32 = bulkhead::sdk::TensorSpec::kFloat32;

}  // namespace

TEST_CASE("an item may have several tensors, each aligned, none over another") {
  Made made({{"first", kUint8, {65}}, {"second", kFloat32, {2, 3}}, {"third", kUint8, {1}}});
  REQUIRE(made.load(3) == BH_OK);
  REQUIRE(made.result.item_count == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const bh_media_tensors& item = made.result.items[i];
    CHECK(item.facts.bytes == 65 + 24 + 1);
    CHECK(item.facts.frames == 1);
    REQUIRE(item.tensor_count == 3);
    for (std::size_t j = 0; j < 3; ++j) {
      const DLTensor& tensor = item.tensors[j].tensor;
      const std::size_t size = bh_tensor_bytes(&tensor);
      const auto* bytes = static_cast<const unsigned char*>(tensor.data);
      CHECK(reinterpret_cast<std::uintptr_t>(bytes) % 64 == 0);
      CHECK(made.call.owns(bytes, size));
      CHECK(std::all_of(bytes, bytes + size, [&](unsigned char byte) { return byte == j + 1; }));
    }
    CHECK(string_of(item.tensors[1].name) == "second");
    CHECK(item.tensors[1].tensor.ndim == 2);
    CHECK(item.tensors[1].tensor.shape[1] == 3);
  }
}

TEST_CASE("a scalar and an empty tensor are tensors") {
  Made made({{"scalar", kFloat32, {}}, {"empty", kUint8, {0, 7}}});
  REQUIRE(made.load(1) == BH_OK);
  const bh_media_tensors& item = made.result.items[0];
  CHECK(item.tensors[0].tensor.ndim == 0);
  CHECK(bh_tensor_bytes(&item.tensors[0].tensor) == 4);
  CHECK(bh_tensor_bytes(&item.tensors[1].tensor) == 0);
  CHECK(item.facts.bytes == 4);
  Made none;
  REQUIRE(none.load(1) == BH_OK);
  CHECK(none.result.items[0].tensor_count == 0);
}

TEST_CASE("shapes that no memory holds are refused before anything is loaded") {
  using Shape = std::vector<std::int64_t>;
  constexpr std::int64_t k32Bits = std::int64_t{1} << 32;
  const Shape shape = GENERATE(Shape{-1}, Shape{INT64_MAX, 3}, Shape{INT64_MAX, 1},
                               Shape{k32Bits, k32Bits}, Shape{INT64_MAX / 4});
  Made made({{"huge", kFloat32, shape}});
  made.call.limit_output(1 << 20);
  bool loaded = false;
  made.maker->in_load = [&] { loaded = true; };
  CHECK(made.load(2) == BH_OUT_OF_MEMORY);
  CHECK_THAT(made.call.message, StartsWith("Item 0: "));
  CHECK(!loaded);
  CHECK(made.result.items == nullptr);
}

TEST_CASE("two tensors whose sum no memory holds are refused") {
  Made made({{"half", kUint8, {INT64_MAX}}, {"half", kUint8, {INT64_MAX}}, {"rest", kUint8, {9}}});
  made.call.limit_output(1 << 20);
  CHECK(made.load(1) == BH_OUT_OF_MEMORY);
}

TEST_CASE("every exception becomes a status and its words, with the item in front") {
  const bool early = GENERATE(true, false);
  const std::size_t items = GENERATE(1u, 2u);
  const auto words = [&](bh_status status, const std::function<void()>& fail) {
    Made made({{"one", kUint8, {1}}});
    (early ? made.maker->in_probe : made.maker->in_load) = fail;
    CHECK(made.load(items) == status);
    return made.call.message;
  };
  CHECK(words(BH_DATA_INVALID, [] { throw bulkhead::PluginError(BH_DATA_INVALID, "Not this."); }) ==
        "Item 0: Not this.");
  CHECK_THAT(words(BH_OUT_OF_MEMORY, [] { throw std::bad_alloc(); }), Contains("memory"));
  CHECK(words(BH_INTERNAL, [] { throw std::logic_error("Confused."); }) == "Confused.");
  CHECK_THAT(words(BH_INTERNAL, [] { throw 1; }), Contains("no std::exception"));
}
