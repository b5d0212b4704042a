// Results against the contract: what a plugin, or a hostile peer, may not say.
#include <capnp/message.h>

#include <catch2/catch.hpp>

#include "sdk/wire/codec_messages.hpp"
#include "sdk/wire/interfaces.hpp"

using namespace bulkhead::wire;
using namespace bulkhead::wire::codec;

namespace {

template <class T>
T* block(CallContext& call, std::initializer_list<T> values) {
  auto* memory = static_cast<T*>(call.allocate(values.size() * sizeof(T)));
  std::copy(values.begin(), values.end(), memory);
  return memory;
}

bh_codec_encode_result encoded(const std::uint32_t* ids, std::size_t count,
                               const std::uint64_t* offsets = nullptr) {
  return {sizeof(bh_codec_encode_result), 0, ids, count, offsets};
}

}  // namespace

TEST_CASE("ids must lie in memory of the call") {
  CallContext call;
  const auto* ids = block<std::uint32_t>(call, {1, 2, 3});
  CHECK(valid(encoded(ids, 3), {}, call));
  CHECK(valid(encoded(nullptr, 0), {}, call));
  CHECK_FALSE(valid(encoded(ids, 1000), {}, call));
  CHECK_FALSE(valid(encoded(ids, SIZE_MAX / 4 + 2), {}, call));
  CHECK_FALSE(valid(encoded(nullptr, 1), {}, call));
  const std::uint32_t elsewhere = 7;
  CHECK_FALSE(valid(encoded(&elsewhere, 1), {}, call));
}

TEST_CASE("offsets must ascend from 0 to within the text") {
  CallContext call;
  const auto* ids = block<std::uint32_t>(call, {1, 2});
  const auto check = [&](std::initializer_list<std::uint64_t> offsets) {
    return valid(encoded(ids, 2, block(call, offsets)), {.text_bytes = 10, .offsets = true}, call);
  };
  CHECK(check({0, 4, 10}));
  CHECK_FALSE(check({0, 4, 11}));
  CHECK_FALSE(check({0, 5, 4}));
  CHECK_FALSE(check({1, 4, 10}));
  CHECK_FALSE(valid(encoded(ids, 2, block<std::uint64_t>(call, {0, 4})),
                    {.text_bytes = 10, .offsets = true}, call));
}

TEST_CASE("offsets that were asked for must be there") {
  CallContext call;
  const auto* ids = block<std::uint32_t>(call, {1});
  CHECK_FALSE(valid(encoded(ids, 1), {.text_bytes = 10, .offsets = true}, call));
}

TEST_CASE("a batch must answer for each item") {
  CallContext call;
  const auto* ids = block<std::uint32_t>(call, {1, 2});
  const auto* offsets = block<std::uint64_t>(call, {0, 1, 2});
  const bh_codec_encode_batch_result result = {sizeof result, 0, ids, 2, offsets, 2};
  CHECK(valid(result, {.text_bytes = 0, .items = 2}, call));
  CHECK_FALSE(valid(result, {.text_bytes = 0, .items = 3}, call));
}

TEST_CASE("results of a message that contradicts itself are refused") {
  capnp::MallocMessageBuilder message;
  auto results = message.initRoot<EncodeResults>();
  results.initIds(3);
  results.initOffsets(2);
  CallContext call;
  bh_codec_encode_result result{};
  CHECK(read(results.asReader(), call, result) == BH_PROTOCOL_ERROR);
}

TEST_CASE("results above the output limit are refused") {
  capnp::MallocMessageBuilder message;
  auto results = message.initRoot<EncodeResults>();
  results.initIds(100);
  CallContext call;
  call.set_output_limit(399);
  bh_codec_encode_result result{};
  CHECK(read(results.asReader(), call, result) == BH_OUT_OF_MEMORY);
}

TEST_CASE("a flag is 0 or 1") {
  CallContext call;
  bh_codec_count_result count = {sizeof count, 1, 7};
  CHECK(valid(count, {}, call));
  count.truncated = 9;
  CHECK_FALSE(valid(count, {}, call));
  auto ids = encoded(nullptr, 0);
  ids.truncated = 2;
  CHECK_FALSE(valid(ids, {}, call));
}

TEST_CASE("a vocabulary has no more ids than there are up to its largest, of 32 bits") {
  CallContext call;
  bh_codec_info_result info{};
  const auto check = [&](std::uint64_t vocabulary, std::uint64_t max_id) {
    info.vocabulary = vocabulary;
    info.max_id = max_id;
    return valid(info, {}, call);
  };
  CHECK(check(0, 0));
  CHECK(check(1, 0));
  CHECK(check(200, 300));
  CHECK(check(std::uint64_t{1} << 32, UINT32_MAX));
  CHECK_FALSE(check(2, 0));
  CHECK_FALSE(check(UINT64_MAX, 0));
  CHECK_FALSE(check(1, UINT64_MAX));
  CHECK_FALSE(check(1, std::uint64_t{UINT32_MAX} + 1));
}

TEST_CASE("a table names the functions that it lacks") {
  bh_codec_v1 table = *static_cast<const bh_codec_v1*>(find_interface(BH_CODEC_1)->table);
  const auto check = [&] { return find_interface(BH_CODEC_1)->check_table(&table); };
  table.submit = nullptr;
  CHECK(check().empty());
  table.decode_batch = nullptr;
  CHECK(check() == "its table has null for decode_batch; only submit may be null");
  table.encode = nullptr;
  CHECK(check().find("encode, decode_batch") != std::string::npos);
  table.struct_size = 8;
  CHECK(check() == "its table is smaller than the contract's");
}
