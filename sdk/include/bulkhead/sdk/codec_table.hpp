// bulkhead/sdk/codec_table.hpp: a bulkhead::Codec as the C table "bulkhead.codec/1". Included by
// codec.hpp; authors need nothing from here.
#pragma once

#include <cstring>
#include <memory>
#include <utility>

#include <bulkhead/sdk/codec.hpp>
#include <bulkhead/sdk/codec_streams.hpp>

namespace bulkhead::sdk {

class CodecInstance final : public InstanceBase {
 public:
  explicit CodecInstance(std::shared_ptr<const Codec> codec) : codec_(std::move(codec)) {}

  const void* interface(std::string_view name) const noexcept override {
    return name == BH_CODEC_1 ? table() : nullptr;
  }

 private:
  static const bh_codec_v1* table() noexcept {
    static constexpr bh_codec_v1 kTable = {
        sizeof(bh_codec_v1), 0,           encode,      decode,       tokenize, count,  encode_batch,
        decode_batch,        stream_open, stream_push, stream_close, info,     nullptr};
    return &kTable;
  }
  static CodecInstance& of(bh_instance* instance) noexcept {
    return static_cast<CodecInstance&>(InstanceBase::of(instance, BH_CODEC_1));
  }

  // --- what comes in ---
  static std::vector<std::string_view> list_of(const bh_text* texts, std::size_t count) {
    std::vector<std::string_view> list;
    list.reserve(count);
    for (std::size_t i = 0; i < count; ++i) list.push_back(as_view(texts[i]));
    return list;
  }
  static SpecialRules rules_of(const bh_codec_special& special) {
    if (special.allowed > BH_SPECIAL_LIST || special.disallowed > BH_SPECIAL_LIST) {
      throw PluginError(BH_INVALID_ARGUMENT, "A special-token rule is none of NONE, ALL and LIST.");
    }
    SpecialRules rules;
    rules.allow_all = special.allowed == BH_SPECIAL_ALL;
    rules.disallow_all = special.disallowed == BH_SPECIAL_ALL;
    if (special.allowed == BH_SPECIAL_LIST) {
      rules.allowed = list_of(special.allowed_list, special.allowed_count);
    }
    if (special.disallowed == BH_SPECIAL_LIST) {
      rules.disallowed = list_of(special.disallowed_list, special.disallowed_count);
    }
    return rules;
  }
  static EncodeRequest request_of(const bh_codec_encode_params& params) {
    return {rules_of(params.special), params.max_tokens, (params.flags & BH_ENCODE_OFFSETS) != 0};
  }

  // --- what goes out ---
  static bh_bytes as_bytes(std::string_view view) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(view.data()), view.size()};
  }
  static bh_text copy_text(const Call& call, std::string_view text) {
    return as_text(call.copy(text));
  }
  // Pieces, joined, with their offsets. `pieces` is a range of things with data() and size().
  template <class Pieces>
  static void join(const Call& call, const Pieces& pieces, bh_codec_tokenize_result& result) {
    std::size_t size = 0;
    for (const auto& piece : pieces) size += piece.size();
    char* bytes = call.allocate_array<char>(size);
    std::uint64_t* offsets = call.allocate_array<std::uint64_t>(pieces.size() + 1);
    std::size_t at = 0, i = 0;
    offsets[0] = 0;
    for (const auto& piece : pieces) {
      if (piece.size() != 0) std::memcpy(bytes + at, piece.data(), piece.size());
      at += piece.size();
      offsets[++i] = at;
    }
    result.bytes = as_bytes({bytes, size});
    result.offsets = offsets;
    result.count = pieces.size();
  }

  // --- the table ---
  static bh_status encode(bh_call* raw, bh_instance* instance, const bh_codec_encode_params* params,
                          bh_codec_encode_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_codec_encode_params");
      check_struct(result, "bh_codec_encode_result");
      const Call call(raw);
      const Codec& codec = *of(instance).codec_;
      const std::string_view text = as_view(params->text);
      const EncodeRequest request = request_of(*params);
      Encoded encoded = codec.encode(call, text, request);
      const std::size_t count = encoded.ids.size();
      std::uint64_t* offsets = nullptr;
      if (request.offsets) {
        const std::vector<std::uint64_t> cuts = codec.offsets(call, text, encoded);
        offsets = call.allocate_array<std::uint64_t>(cuts.size());
        std::memcpy(offsets, cuts.data(), cuts.size() * sizeof(std::uint64_t));
      }
      std::uint32_t* ids = call.allocate_array<std::uint32_t>(count);
      encoded.ids.drain(ids);
      result->truncated = encoded.truncated ? 1 : 0;
      result->ids = ids;
      result->count = count;
      result->offsets = offsets;
    });
  }

  static bh_status decode(bh_call* raw, bh_instance* instance, const bh_codec_decode_params* params,
                          bh_codec_bytes_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_codec_decode_params");
      check_struct(result, "bh_codec_bytes_result");
      const Call call(raw);
      const std::string bytes = of(instance).codec_->decode(call, {params->ids, params->count});
      result->bytes = as_bytes(call.copy(bytes));
    });
  }

  static bh_status tokenize(bh_call* raw, bh_instance* instance,
                            const bh_codec_encode_params* params,
                            bh_codec_tokenize_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_codec_encode_params");
      check_struct(result, "bh_codec_tokenize_result");
      const Call call(raw);
      EncodeRequest request = request_of(*params);
      request.offsets = true;
      join(call, of(instance).codec_->tokenize(call, as_view(params->text), request), *result);
    });
  }

  static bh_status count(bh_call* raw, bh_instance* instance, const bh_codec_encode_params* params,
                         bh_codec_count_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_codec_encode_params");
      check_struct(result, "bh_codec_count_result");
      const Counted counted =
          of(instance).codec_->count(Call(raw), as_view(params->text), request_of(*params));
      result->count = counted.count;
      result->truncated = counted.truncated ? 1 : 0;
    });
  }

  static bh_status encode_batch(bh_call* raw, bh_instance* instance,
                                const bh_codec_encode_batch_params* params,
                                bh_codec_encode_batch_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_codec_encode_batch_params");
      check_struct(result, "bh_codec_encode_batch_result");
      const Call call(raw);
      std::vector<std::string_view> texts;
      texts.reserve(params->count);
      for (std::size_t i = 0; i < params->count; ++i) texts.push_back(as_view(params->texts[i]));
      std::vector<Encoded> items = of(instance).codec_->encode_batch(
          call, texts, rules_of(params->special), params->threads);
      std::uint64_t* offsets = call.allocate_array<std::uint64_t>(items.size() + 1);
      offsets[0] = 0;
      for (std::size_t i = 0; i < items.size(); ++i) {
        offsets[i + 1] = offsets[i] + items[i].ids.size();
      }
      const std::size_t total = offsets[items.size()];
      std::uint32_t* ids = call.allocate_array<std::uint32_t>(total);
      for (std::size_t i = 0; i < items.size(); ++i) items[i].ids.drain(ids + offsets[i]);
      result->ids = ids;
      result->id_count = total;
      result->offsets = offsets;
      result->count = items.size();
    });
  }

  static bh_status decode_batch(bh_call* raw, bh_instance* instance,
                                const bh_codec_decode_batch_params* params,
                                bh_codec_tokenize_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_codec_decode_batch_params");
      check_struct(result, "bh_codec_tokenize_result");
      const Call call(raw);
      std::vector<std::span<const std::uint32_t>> lists;
      lists.reserve(params->count);
      if (params->count != 0 && params->offsets[0] != 0) {
        throw PluginError(BH_INVALID_ARGUMENT, "The offsets of a batch must begin with 0.");
      }
      for (std::size_t i = 0; i < params->count; ++i) {
        const std::uint64_t begin = params->offsets[i], end = params->offsets[i + 1];
        if (begin > end) {
          throw PluginError(BH_INVALID_ARGUMENT,
                            "The offsets of the batch descend at item " + std::to_string(i) + ".");
        }
        lists.emplace_back(params->ids + begin, end - begin);
      }
      join(call, of(instance).codec_->decode_batch(call, lists, params->threads), *result);
    });
  }

  static bh_status stream_open(bh_call* raw, bh_instance* instance,
                               bh_codec_stream_result* result) {
    return guarded(raw, [&] {
      check_struct(result, "bh_codec_stream_result");
      result->stream = of(instance).streams_.open();
    });
  }

  static bh_status stream_push(bh_call* raw, bh_instance* instance,
                               const bh_codec_stream_params* params,
                               bh_codec_bytes_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_codec_stream_params");
      check_struct(result, "bh_codec_bytes_result");
      CodecInstance& self = of(instance);
      result->bytes = as_bytes(self.streams_.push(Call(raw), *self.codec_, params->stream,
                                                  {params->ids, params->count}));
    });
  }

  static bh_status stream_close(bh_call* raw, bh_instance* instance,
                                const bh_codec_stream_params* params,
                                bh_codec_bytes_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_codec_stream_params");
      check_struct(result, "bh_codec_bytes_result");
      result->bytes = as_bytes(of(instance).streams_.close(Call(raw), params->stream));
    });
  }

  static bh_status info(bh_call* raw, bh_instance* instance, bh_codec_info_result* result) {
    return guarded(raw, [&] {
      check_struct(result, "bh_codec_info_result");
      const Call call(raw);
      const CodecFacts facts = of(instance).codec_->info();
      auto* special = call.allocate_array<bh_codec_special_token>(facts.special.size());
      for (std::size_t i = 0; i < facts.special.size(); ++i) {
        special[i] = {copy_text(call, facts.special[i].text), facts.special[i].id, 0};
      }
      result->name = copy_text(call, facts.name);
      result->languages = copy_text(call, facts.languages);
      result->vocabulary = facts.vocabulary;
      result->max_id = facts.max_id;
      result->max_token_bytes = facts.max_token_bytes;
      result->special_count = static_cast<std::uint32_t>(facts.special.size());
      result->special = special;
    });
  }

  std::shared_ptr<const Codec> codec_;
  CodecStreams streams_;
};

}  // namespace bulkhead::sdk
