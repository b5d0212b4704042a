// Every struct of every draft interface, filled at random, survives the way through a message; what
// breaks the contract is found.
#include <capnp/message.h>
#include <catch2/catch.hpp>
#include <bulkhead/abi/draft/multimodal.h>
#include <bulkhead/abi/draft/provider.h>
#include <bulkhead/abi/draft/trainer.h>

#include <cstring>
#include <random>

#include "sdk/wire/binding.hpp"
#include "sdk/wire/drafts.hpp"
#include "sdk/wire/interfaces.hpp"

using namespace bulkhead::wire;

namespace {

using Kind = Field::Kind;

template <class T>
T& at(void* base, std::size_t offset) {
  return *reinterpret_cast<T*>(static_cast<std::byte*>(base) + offset);
}

// Fills structs by their layout, with memory of a call.
class Filler {
 public:
  Filler(CallContext& call, unsigned seed) : call_(call), random_(seed) {}

  void fill(const Layout& layout, void* data) {
    if (layout.sized) at<std::uint32_t>(data, 0) = static_cast<std::uint32_t>(layout.size);
    for (const Field& field : layout.fields) {
      if (!field.list) {
        value(field, static_cast<std::byte*>(data) + field.offset);
        continue;
      }
      const std::size_t count = random_() % 4;
      const std::size_t size = size_of(field);
      auto* elements = static_cast<std::byte*>(call_.allocate(count * size));
      std::memset(elements, 0, count * size);
      for (std::size_t i = 0; i < count; ++i) value(field, elements + i * size);
      at<const void*>(data, field.offset) = elements;
      at<std::size_t>(data, field.count) = count;
    }
  }

  static std::size_t size_of(const Field& field) {
    switch (field.kind) {
      case Kind::u32:
      case Kind::i32:
        return 4;
      case Kind::tensor:
        return sizeof(DLTensor);
      case Kind::structure:
        return field.element().size;
      case Kind::text:
      case Kind::bytes:
        return 16;
      default:
        return 8;
    }
  }

 private:
  void value(const Field& field, void* to) {
    switch (field.kind) {
      case Kind::u32:
      case Kind::i32:
        at<std::uint32_t>(to, 0) = static_cast<std::uint32_t>(random_());
        break;
      case Kind::u64:
        at<std::uint64_t>(to, 0) = field.handle ? random_() % 1000 : random_();
        break;
      case Kind::i64:
        at<std::uint64_t>(to, 0) = random_();
        break;
      case Kind::f64:
        at<double>(to, 0) = static_cast<double>(random_()) / 3;
        break;
      case Kind::text:
      case Kind::bytes: {
        const std::size_t size = random_() % 40;
        auto* bytes = static_cast<std::uint8_t*>(call_.allocate(size));
        for (std::size_t i = 0; i < size; ++i) bytes[i] = 'a' + random_() % 26;
        at<bh_bytes>(to, 0) = {bytes, size};
        break;
      }
      case Kind::tensor: {
        auto& tensor = at<DLTensor>(to, 0);
        tensor = {};
        tensor.device = {kDLCPU, 0};
        tensor.dtype = {kDLFloat, 32, 1};
        tensor.ndim = 2;
        tensor.shape = static_cast<std::int64_t*>(call_.allocate(16));
        tensor.shape[0] = static_cast<std::int64_t>(random_() % 5);
        tensor.shape[1] = 3;
        const std::size_t size = bh_tensor_bytes(&tensor);
        tensor.data = call_.allocate(size);
        for (std::size_t i = 0; i < size; ++i) {
          static_cast<std::uint8_t*>(tensor.data)[i] = static_cast<std::uint8_t>(random_());
        }
        break;
      }
      case Kind::structure:
        fill(field.element(), to);
    }
  }

  CallContext& call_;
  std::mt19937_64 random_;
};

bool same(const Layout& layout, const void* a, const void* b);

bool same_value(const Field& field, const void* a, const void* b) {
  switch (field.kind) {
    case Kind::text:
    case Kind::bytes: {
      const auto &x = *static_cast<const bh_bytes*>(a), &y = *static_cast<const bh_bytes*>(b);
      return x.size == y.size && (x.size == 0 || std::memcmp(x.data, y.data, x.size) == 0);
    }
    case Kind::tensor: {
      const auto &x = *static_cast<const DLTensor*>(a), &y = *static_cast<const DLTensor*>(b);
      if (x.ndim != y.ndim || x.dtype.bits != y.dtype.bits || x.dtype.code != y.dtype.code ||
          std::memcmp(x.shape, y.shape, static_cast<std::size_t>(x.ndim) * 8) != 0) {
        return false;
      }
      const std::size_t size = bh_tensor_bytes(&x);
      return size == 0 || std::memcmp(x.data, y.data, size) == 0;
    }
    case Kind::structure:
      return same(field.element(), a, b);
    default:
      return std::memcmp(a, b, Filler::size_of(field)) == 0;
  }
}

bool same(const Layout& layout, const void* a, const void* b) {
  for (const Field& field : layout.fields) {
    const auto* x = static_cast<const std::byte*>(a) + field.offset;
    const auto* y = static_cast<const std::byte*>(b) + field.offset;
    if (!field.list) {
      if (!same_value(field, x, y)) return false;
      continue;
    }
    const std::size_t count = at<std::size_t>(const_cast<void*>(a), field.count);
    if (count != at<std::size_t>(const_cast<void*>(b), field.count)) return false;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t offset = i * Filler::size_of(field);
      if (!same_value(field, *reinterpret_cast<const std::byte* const*>(x) + offset,
                      *reinterpret_cast<const std::byte* const*>(y) + offset)) {
        return false;
      }
    }
  }
  return true;
}

struct Struct {
  std::string name;
  const Layout& layout;
  capnp::StructSchema schema;
};

template <class T>
T zeroed() {
  T value{};
  value.struct_size = sizeof value;
  return value;
}

}  // namespace

TEST_CASE("each draft interface has its methods, under the numbers of its header") {
  const std::vector<std::pair<std::string, std::size_t>> all = {{"bulkhead.multimodal/1-draft", 3},
                                                                {"bulkhead.compression/1-draft", 3},
                                                                {"bulkhead.trainer/1-draft", 9},
                                                                {"bulkhead.provider/1-draft", 11},
                                                                {"bulkhead.events/1", 2},
                                                                {"bulkhead.command/1", 2},
                                                                {"bulkhead.state/1", 2}};
  for (const auto& [name, count] : all) {
    INFO(name);
    const InterfaceInfo* interface = find_interface(name);
    REQUIRE(interface != nullptr);
    REQUIRE(interface->methods().size() == count);
    for (std::size_t i = 0; i < count; ++i) CHECK(interface->methods()[i].number == i);
  }
}

TEST_CASE("each struct of the drafts survives a message") {
  std::size_t structs = 0;
  for (const InterfaceBinding* binding : draft_bindings()) {
    for (const MethodBinding& method : binding->methods) {
      for (const Struct& one :
           {Struct{std::string(method.name) + " params", method.params(), method.params_schema()},
            Struct{std::string(method.name) + " result", method.result(),
                   method.results_schema()}}) {
        INFO(binding->name << " " << one.name);
        for (unsigned seed = 0; seed < 20; ++seed) {
          CallContext there, here;
          std::vector<std::byte> first(one.layout.size), second(one.layout.size);
          Filler(there, seed).fill(one.layout, first.data());
          REQUIRE(valid(one.layout, first.data(), &there));
          capnp::MallocMessageBuilder message;
          write(one.layout, first.data(), message.initRoot<capnp::DynamicStruct>(one.schema));
          ResultMemory memory(here);
          const auto root = message.getRoot<capnp::DynamicStruct>(one.schema).asReader();
          REQUIRE(read(one.layout, root, memory, second.data()) == BH_OK);
          CHECK(same(one.layout, first.data(), second.data()));
          CHECK(valid(one.layout, second.data(), &here));
          Scratch scratch;
          std::vector<std::byte> third(one.layout.size);
          REQUIRE(read(one.layout, root, scratch, third.data()) == BH_OK);
          CHECK(same(one.layout, first.data(), third.data()));
        }
        ++structs;
      }
    }
  }
  CHECK(structs == 64);
}

TEST_CASE("memory that is not the call's breaks the contract") {
  CallContext call, other;
  auto result = zeroed<bh_multimodal_load_result>();
  const auto check = [&] { return valid(layout<bh_multimodal_load_result>(), &result, &call); };
  CHECK(check());
  auto* items = static_cast<bh_media_tensors*>(call.allocate(2 * sizeof(bh_media_tensors)));
  std::memset(items, 0, 2 * sizeof *items);
  result.items = items;
  result.item_count = 2;
  CHECK(check());
  result.item_count = 3;  // beyond the allocation
  CHECK_FALSE(check());
  result.item_count = SIZE_MAX / sizeof *items + 2;  // overflows
  CHECK_FALSE(check());
  result.item_count = 2;
  items[1].facts.media_type = {"static", 6};
  CHECK_FALSE(check());
  items[1].facts.media_type = {static_cast<char*>(call.allocate(6)), 6};
  CHECK(check());
  auto* tensors = static_cast<bh_named_tensor*>(other.allocate(sizeof(bh_named_tensor)));
  std::memset(tensors, 0, sizeof *tensors);
  items[0].tensors = tensors;
  items[0].tensor_count = 1;
  CHECK_FALSE(check());  // another call's
}

TEST_CASE("a tensor that lies about its size breaks the contract") {
  CallContext call;
  auto result = zeroed<bh_multimodal_load_result>();
  auto* item = static_cast<bh_media_tensors*>(call.allocate(sizeof(bh_media_tensors)));
  auto* named = static_cast<bh_named_tensor*>(call.allocate(sizeof(bh_named_tensor)));
  std::memset(item, 0, sizeof *item);
  std::memset(named, 0, sizeof *named);
  result.items = item;
  result.item_count = 1;
  item->tensors = named;
  item->tensor_count = 1;
  DLTensor& tensor = named->tensor;
  tensor.device = {kDLCPU, 0};
  tensor.dtype = {kDLUInt, 8, 1};
  tensor.ndim = 2;
  tensor.shape = static_cast<std::int64_t*>(call.allocate(16));
  tensor.shape[0] = 4;
  tensor.shape[1] = 8;
  tensor.data = call.allocate(32);
  const auto check = [&] { return valid(layout<bh_multimodal_load_result>(), &result, &call); };
  REQUIRE(check());
  SECTION("more rows than memory") { tensor.shape[0] = 5; }
  SECTION("a negative dimension") { tensor.shape[0] = -1; }
  SECTION("an overflow") { tensor.shape[0] = INT64_MAX / 2; }
  SECTION("wider numbers") { tensor.dtype.bits = 16; }
  SECTION("numbers of no width") { tensor.dtype.bits = 0; }
  SECTION("an offset") { tensor.byte_offset = 8; }
  SECTION("another device") { tensor.device.device_type = kDLCUDA; }
  SECTION("more dimensions than the shape has") { tensor.ndim = 3; }
  SECTION("too many dimensions") { tensor.ndim = 1000; }
  SECTION("strides of its own") {
    tensor.strides = static_cast<std::int64_t*>(call.allocate(16));
    tensor.strides[0] = 1;
    tensor.strides[1] = 4;
  }
  CHECK_FALSE(check());
}

TEST_CASE("compact strides are fine") {
  CallContext call;
  std::int64_t shape[] = {4, 1, 8}, strides[] = {8, 99, 1};
  std::uint8_t data[32] = {};
  DLTensor tensor = {data, {kDLCPU, 0}, 3, {kDLUInt, 8, 1}, shape, strides, 0};
  bh_named_tensor named = {{"a", 1}, tensor};
  CHECK(valid(layout<bh_named_tensor>(), &named, nullptr));
}

TEST_CASE("the output limit bounds what a message can make the host take") {
  CallContext call;
  call.set_output_limit(4096);
  capnp::MallocMessageBuilder message;
  const auto schema = find_interface("bulkhead.trainer/1-draft")->methods()[4].results;
  auto root = message.initRoot<capnp::DynamicStruct>(schema);
  root.init("points", 100'000);
  auto result = zeroed<bh_trainer_metrics_result>();
  ResultMemory memory(call);
  CHECK(read(layout<bh_trainer_metrics_result>(), root.asReader(), memory, &result) ==
        BH_OUT_OF_MEMORY);
}

TEST_CASE("a tensor in a message whose bytes do not fit its shape is refused") {
  CallContext call;
  capnp::MallocMessageBuilder message;
  const auto schema = find_interface("bulkhead.multimodal/1-draft")->methods()[2].results;
  auto root = message.initRoot<capnp::DynamicStruct>(schema);
  auto item = root.init("items", 1).as<capnp::DynamicList>()[0].as<capnp::DynamicStruct>();
  auto named = item.init("tensors", 1).as<capnp::DynamicList>()[0].as<capnp::DynamicStruct>();
  auto tensor = named.init("tensor").as<capnp::DynamicStruct>();
  tensor.set("code", static_cast<std::uint8_t>(kDLUInt));
  tensor.set("bits", 8);
  tensor.set("lanes", 1);
  auto shape = tensor.init("shape", 1).as<capnp::DynamicList>();
  tensor.init("data", 4);
  const auto read_with = [&](std::int64_t rows) {
    shape.set(0, rows);
    auto result = zeroed<bh_multimodal_load_result>();
    ResultMemory memory(call);
    return read(layout<bh_multimodal_load_result>(), root.asReader(), memory, &result);
  };
  CHECK(read_with(4) == BH_OK);
  CHECK(read_with(5) == BH_PROTOCOL_ERROR);
  CHECK(read_with(3) == BH_PROTOCOL_ERROR);
  CHECK(read_with(-1) == BH_PROTOCOL_ERROR);
  CHECK(read_with(INT64_MAX) == BH_PROTOCOL_ERROR);
}
