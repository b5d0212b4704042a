// bulkhead/testing/codec.hpp: an open codec.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/abi/codec.h>
#include <bulkhead/testing/checks.hpp>
#include <bulkhead/testing/instance.hpp>

namespace bulkhead::testing {

using Ids = std::vector<std::uint32_t>;

// An open codec. Throws CallFailed.
class TestCodec {
 public:
  TestCodec(const PluginLibrary& library, TestServices& services,
            std::initializer_list<std::pair<const char*, const char*>> config = {})
      : instance_of_(library, services, config),
        instance_(instance_of_.get()),
        table_(&instance_of_.table<bh_codec_v1>(BH_CODEC_1)) {}

  const bh_codec_v1& table() const { return *table_; }
  bh_instance* instance() const { return instance_; }

  static bh_codec_encode_params params_of(std::string_view text) {
    bh_codec_encode_params params{};
    params.struct_size = sizeof(params);
    params.text = bytes_of(text);
    return params;
  }
  struct Encoding {
    Ids ids;
    std::vector<std::uint64_t> offsets;
    bool truncated;
  };
  Encoding encode(const bh_codec_encode_params& params, TestCall& call) const {
    bh_codec_encode_result result{};
    result.struct_size = sizeof(result);
    check(call, table_->encode(call, instance_, &params, &result));
    owned(call, result.ids, result.count * 4);
    Encoding encoding{Ids(result.ids, result.ids + result.count), {}, result.truncated != 0};
    if (result.offsets != nullptr) {
      owned(call, result.offsets, (result.count + 1) * 8);
      encoding.offsets.assign(result.offsets, result.offsets + result.count + 1);
    }
    return encoding;
  }
  Ids encode(std::string_view text) const {
    TestCall call;
    return encode(params_of(text), call).ids;
  }
  std::uint64_t count(std::string_view text) const {
    TestCall call;
    const auto params = params_of(text);
    bh_codec_count_result result{sizeof(bh_codec_count_result), 0, 0};
    check(call, table_->count(call, instance_, &params, &result));
    return result.count;
  }
  std::string decode(std::span<const std::uint32_t> ids) const {
    TestCall call;
    const bh_codec_decode_params params{sizeof(bh_codec_decode_params), 0, ids.data(), ids.size()};
    bh_codec_bytes_result result{};
    result.struct_size = sizeof(result);
    check(call, table_->decode(call, instance_, &params, &result));
    owned(call, result.bytes.data, result.bytes.size);
    return string_of(result.bytes);
  }
  std::vector<std::string> tokenize(std::string_view text) const {
    TestCall call;
    const auto params = params_of(text);
    bh_codec_tokenize_result result{};
    result.struct_size = sizeof(result);
    check(call, table_->tokenize(call, instance_, &params, &result));
    return pieces_of(call, result);
  }
  std::vector<Ids> encode_batch(std::span<const std::string_view> texts, unsigned threads) const {
    TestCall call;
    std::vector<bh_bytes> bytes;
    for (const std::string_view text : texts) bytes.push_back(bytes_of(text));
    bh_codec_encode_batch_params params{};
    params.struct_size = sizeof(params);
    params.threads = threads;
    params.texts = bytes.data();
    params.count = bytes.size();
    bh_codec_encode_batch_result result{};
    result.struct_size = sizeof(result);
    check(call, table_->encode_batch(call, instance_, &params, &result));
    owned(call, result.ids, result.id_count * 4);
    std::vector<Ids> items;
    for (std::size_t i = 0; i < result.count; ++i) {
      items.emplace_back(result.ids + result.offsets[i], result.ids + result.offsets[i + 1]);
    }
    return items;
  }
  std::vector<std::string> decode_batch(std::span<const Ids> lists, unsigned threads) const {
    TestCall call;
    Ids all;
    std::vector<std::uint64_t> offsets{0};
    for (const Ids& list : lists) {
      all.insert(all.end(), list.begin(), list.end());
      offsets.push_back(all.size());
    }
    const bh_codec_decode_batch_params params{sizeof(bh_codec_decode_batch_params), threads,
                                              all.data(), offsets.data(), lists.size()};
    bh_codec_tokenize_result result{};
    result.struct_size = sizeof(result);
    check(call, table_->decode_batch(call, instance_, &params, &result));
    return pieces_of(call, result);
  }
  std::uint64_t stream_open() const {
    TestCall call;
    bh_codec_stream_result result{sizeof(bh_codec_stream_result), 0, 0};
    check(call, table_->stream_open(call, instance_, &result));
    return result.stream;
  }
  std::string stream_push(std::uint64_t stream, const Ids& ids) const {
    return stream_call(table_->stream_push, stream, ids);
  }
  std::string stream_close(std::uint64_t stream) const {
    return stream_call(table_->stream_close, stream, {});
  }

  static void owned(const TestCall& call, const void* data, std::size_t size) {
    if (!call.owns(data, size)) throw std::runtime_error("a result is not in memory of the call");
  }

 private:
  static std::vector<std::string> pieces_of(const TestCall& call,
                                            const bh_codec_tokenize_result& result) {
    owned(call, result.bytes.data, result.bytes.size);
    owned(call, result.offsets, (result.count + 1) * 8);
    const std::string all = string_of(result.bytes);
    std::vector<std::string> pieces;
    for (std::size_t i = 0; i < result.count; ++i) {
      pieces.push_back(all.substr(result.offsets[i], result.offsets[i + 1] - result.offsets[i]));
    }
    return pieces;
  }
  template <class Function>
  std::string stream_call(Function function, std::uint64_t stream, const Ids& ids) const {
    TestCall call;
    const bh_codec_stream_params params{sizeof(bh_codec_stream_params), 0, stream, ids.data(),
                                        ids.size()};
    bh_codec_bytes_result result{};
    result.struct_size = sizeof(result);
    check(call, function(call, instance_, &params, &result));
    owned(call, result.bytes.data, result.bytes.size);
    return string_of(result.bytes);
  }

  TestInstance instance_of_;
  bh_instance* instance_;
  const bh_codec_v1* table_;
};

}  // namespace bulkhead::testing
