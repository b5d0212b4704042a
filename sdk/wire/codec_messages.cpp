#include "sdk/wire/codec_messages.hpp"

#include <cstring>
#include <limits>

namespace bulkhead::wire::codec {
namespace {

kj::ArrayPtr<const kj::byte> bytes(const std::uint8_t* data, std::size_t size) {
  return {data, size};
}
kj::StringPtr text(const bh_text& value, std::string& storage) {
  storage.assign(value.data == nullptr ? "" : value.data, value.size);
  return {storage.c_str(), storage.size()};
}
bh_bytes borrow(capnp::Data::Reader data) { return {data.begin(), data.size()}; }
bh_text borrow(capnp::Text::Reader text) { return {text.cStr(), text.size()}; }

template <class T, class Builder>
void copy_out(const T* values, std::size_t count, Builder list) {
  for (std::size_t i = 0; i < count; ++i) list.set(static_cast<capnp::uint>(i), values[i]);
}

template <class T, class Reader>
const T* borrow_list(Reader list, Scratch& scratch) {
  T* values = scratch.array<T>(list.size());
  for (capnp::uint i = 0; i < list.size(); ++i) values[i] = list[i];
  return values;
}

// Copies a list into memory of the call; null at the output limit.
template <class T, class Reader>
const T* take_list(Reader list, CallContext& context) {
  auto* values = static_cast<T*>(context.allocate(std::size_t{list.size()} * sizeof(T)));
  if (values == nullptr) return nullptr;
  for (capnp::uint i = 0; i < list.size(); ++i) values[i] = list[i];
  return values;
}

bool take_bytes(kj::ArrayPtr<const kj::byte> from, CallContext& context, bh_bytes& to) {
  auto* memory = static_cast<std::uint8_t*>(context.allocate(from.size()));
  if (memory == nullptr) return false;
  if (from.size() > 0) std::memcpy(memory, from.begin(), from.size());
  to = {memory, from.size()};
  return true;
}

bool take_text(capnp::Text::Reader from, CallContext& context, bh_text& to) {
  bh_bytes taken{};
  if (!take_bytes(from.asBytes(), context, taken)) return false;
  to = {reinterpret_cast<const char*>(taken.data), taken.size};
  return true;
}

void write_special(const bh_codec_special& special, Special::Builder message) {
  std::string storage;
  message.setAllowed(special.allowed);
  message.setDisallowed(special.disallowed);
  auto allowed = message.initAllowedList(static_cast<capnp::uint>(special.allowed_count));
  for (capnp::uint i = 0; i < allowed.size(); ++i) {
    allowed.set(i, text(special.allowed_list[i], storage));
  }
  auto disallowed = message.initDisallowedList(static_cast<capnp::uint>(special.disallowed_count));
  for (capnp::uint i = 0; i < disallowed.size(); ++i) {
    disallowed.set(i, text(special.disallowed_list[i], storage));
  }
}

const bh_text* borrow_texts(capnp::List<capnp::Text>::Reader list, Scratch& scratch) {
  auto* values = scratch.array<bh_text>(list.size());
  for (capnp::uint i = 0; i < list.size(); ++i) values[i] = borrow(list[i]);
  return values;
}

void read_special(Special::Reader message, Scratch& scratch, bh_codec_special& special) {
  special.allowed = message.getAllowed();
  special.disallowed = message.getDisallowed();
  special.allowed_list = borrow_texts(message.getAllowedList(), scratch);
  special.allowed_count = message.getAllowedList().size();
  special.disallowed_list = borrow_texts(message.getDisallowedList(), scratch);
  special.disallowed_count = message.getDisallowedList().size();
}

template <class T>
bool owns_array(const CallContext& context, const T* data, std::size_t count) {
  return count <= std::numeric_limits<std::size_t>::max() / sizeof(T) &&
         context.owns(data, count * sizeof(T)) &&
         reinterpret_cast<std::uintptr_t>(data) % alignof(T) == 0;
}

// offsets[0 .. count] is the call's, starts at 0, ascends, and ends at most at `end`.
bool offsets_valid(const CallContext& context, const std::uint64_t* offsets, std::size_t count,
                   std::uint64_t end) {
  if (count == std::numeric_limits<std::size_t>::max()) return false;
  if (!owns_array(context, offsets, count + 1)) return false;
  if (offsets[0] != 0) return false;
  for (std::size_t i = 0; i < count; ++i) {
    if (offsets[i] > offsets[i + 1]) return false;
  }
  return offsets[count] <= end;
}

}  // namespace

void write(const bh_codec_encode_params& params, EncodeParams::Builder message) {
  message.setText(bytes(params.text.data, params.text.size));
  write_special(params.special, message.initSpecial());
  message.setMaxTokens(params.max_tokens);
  message.setFlags(params.flags);
}

void write(const bh_codec_decode_params& params, DecodeParams::Builder message) {
  copy_out(params.ids, params.count, message.initIds(static_cast<capnp::uint>(params.count)));
}

void write(const bh_codec_encode_batch_params& params, EncodeBatchParams::Builder message) {
  auto texts = message.initTexts(static_cast<capnp::uint>(params.count));
  for (capnp::uint i = 0; i < texts.size(); ++i) {
    texts.set(i, bytes(params.texts[i].data, params.texts[i].size));
  }
  write_special(params.special, message.initSpecial());
  message.setThreads(params.threads);
}

void write(const bh_codec_decode_batch_params& params, DecodeBatchParams::Builder message) {
  const std::uint64_t ids = params.offsets == nullptr ? 0 : params.offsets[params.count];
  copy_out(params.ids, ids, message.initIds(static_cast<capnp::uint>(ids)));
  if (params.offsets != nullptr) {
    copy_out(params.offsets, params.count + 1,
             message.initOffsets(static_cast<capnp::uint>(params.count + 1)));
  }
  message.setThreads(params.threads);
}

void write(const bh_codec_stream_params& params, StreamParams::Builder message) {
  message.setStream(params.stream);
  copy_out(params.ids, params.count, message.initIds(static_cast<capnp::uint>(params.count)));
}

void read(EncodeParams::Reader message, Scratch& scratch, bh_codec_encode_params& params) {
  params.text = borrow(message.getText());
  read_special(message.getSpecial(), scratch, params.special);
  params.max_tokens = message.getMaxTokens();
  params.flags = message.getFlags();
}

void read(DecodeParams::Reader message, Scratch& scratch, bh_codec_decode_params& params) {
  params.ids = borrow_list<std::uint32_t>(message.getIds(), scratch);
  params.count = message.getIds().size();
}

void read(EncodeBatchParams::Reader message, Scratch& scratch,
          bh_codec_encode_batch_params& params) {
  const auto list = message.getTexts();
  auto* texts = scratch.array<bh_bytes>(list.size());
  for (capnp::uint i = 0; i < list.size(); ++i) texts[i] = borrow(list[i]);
  params.texts = texts;
  params.count = list.size();
  read_special(message.getSpecial(), scratch, params.special);
  params.threads = message.getThreads();
}

bool read(DecodeBatchParams::Reader message, Scratch& scratch,
          bh_codec_decode_batch_params& params) {
  const auto offsets = message.getOffsets();
  const auto ids = message.getIds();
  params.ids = borrow_list<std::uint32_t>(ids, scratch);
  params.offsets = borrow_list<std::uint64_t>(offsets, scratch);
  params.count = offsets.size() == 0 ? 0 : offsets.size() - 1;
  params.threads = message.getThreads();
  static constexpr std::uint64_t kNothing = 0;
  if (offsets.size() == 0) {
    params.offsets = &kNothing;  // there is always the first
    return ids.size() == 0;
  }
  if (params.offsets[0] != 0) return false;
  std::uint64_t last = 0;
  for (capnp::uint i = 0; i < offsets.size(); ++i) {
    if (params.offsets[i] < last || params.offsets[i] > ids.size()) return false;
    last = params.offsets[i];
  }
  return true;
}

void read(StreamParams::Reader message, Scratch& scratch, bh_codec_stream_params& params) {
  params.stream = message.getStream();
  params.ids = borrow_list<std::uint32_t>(message.getIds(), scratch);
  params.count = message.getIds().size();
}

void write(const bh_codec_encode_result& result, EncodeResults::Builder message) {
  copy_out(result.ids, result.count, message.initIds(static_cast<capnp::uint>(result.count)));
  if (result.offsets != nullptr) {
    copy_out(result.offsets, result.count + 1,
             message.initOffsets(static_cast<capnp::uint>(result.count + 1)));
  }
  message.setTruncated(result.truncated != 0);
}

void write(const bh_codec_bytes_result& result, BytesResults::Builder message) {
  message.setBytes(bytes(result.bytes.data, result.bytes.size));
}

void write(const bh_codec_tokenize_result& result, TokenizeResults::Builder message) {
  message.setBytes(bytes(result.bytes.data, result.bytes.size));
  copy_out(result.offsets, result.count + 1,
           message.initOffsets(static_cast<capnp::uint>(result.count + 1)));
}

void write(const bh_codec_count_result& result, CountResults::Builder message) {
  message.setCount(result.count);
  message.setTruncated(result.truncated != 0);
}

void write(const bh_codec_encode_batch_result& result, EncodeBatchResults::Builder message) {
  copy_out(result.ids, result.id_count, message.initIds(static_cast<capnp::uint>(result.id_count)));
  copy_out(result.offsets, result.count + 1,
           message.initOffsets(static_cast<capnp::uint>(result.count + 1)));
}

void write(const bh_codec_stream_result& result, StreamOpenResults::Builder message) {
  message.setStream(result.stream);
}

void write(const bh_codec_info_result& result, InfoResults::Builder message) {
  std::string storage;
  message.setName(text(result.name, storage));
  message.setLanguages(text(result.languages, storage));
  message.setVocabulary(result.vocabulary);
  message.setMaxId(result.max_id);
  message.setMaxTokenBytes(result.max_token_bytes);
  auto special = message.initSpecial(result.special_count);
  for (capnp::uint i = 0; i < special.size(); ++i) {
    special[i].setText(text(result.special[i].text, storage));
    special[i].setId(result.special[i].id);
  }
}

bh_status read(EncodeResults::Reader message, CallContext& context,
               bh_codec_encode_result& result) {
  result.count = message.getIds().size();
  result.ids = take_list<std::uint32_t>(message.getIds(), context);
  if (result.ids == nullptr) return BH_OUT_OF_MEMORY;
  if (message.hasOffsets()) {
    if (message.getOffsets().size() != result.count + 1) return BH_PROTOCOL_ERROR;
    result.offsets = take_list<std::uint64_t>(message.getOffsets(), context);
    if (result.offsets == nullptr) return BH_OUT_OF_MEMORY;
  }
  result.truncated = message.getTruncated() ? 1 : 0;
  return BH_OK;
}

bh_status read(BytesResults::Reader message, CallContext& context, bh_codec_bytes_result& result) {
  return take_bytes(message.getBytes(), context, result.bytes) ? BH_OK : BH_OUT_OF_MEMORY;
}

bh_status read(TokenizeResults::Reader message, CallContext& context,
               bh_codec_tokenize_result& result) {
  if (message.getOffsets().size() == 0) return BH_PROTOCOL_ERROR;
  if (!take_bytes(message.getBytes(), context, result.bytes)) return BH_OUT_OF_MEMORY;
  result.count = message.getOffsets().size() - 1;
  result.offsets = take_list<std::uint64_t>(message.getOffsets(), context);
  return result.offsets == nullptr ? BH_OUT_OF_MEMORY : BH_OK;
}

bh_status read(CountResults::Reader message, CallContext&, bh_codec_count_result& result) {
  result.count = message.getCount();
  result.truncated = message.getTruncated() ? 1 : 0;
  return BH_OK;
}

bh_status read(EncodeBatchResults::Reader message, CallContext& context,
               bh_codec_encode_batch_result& result) {
  if (message.getOffsets().size() == 0) return BH_PROTOCOL_ERROR;
  result.count = message.getOffsets().size() - 1;
  result.id_count = message.getIds().size();
  result.ids = take_list<std::uint32_t>(message.getIds(), context);
  result.offsets = take_list<std::uint64_t>(message.getOffsets(), context);
  return result.ids == nullptr || result.offsets == nullptr ? BH_OUT_OF_MEMORY : BH_OK;
}

bh_status read(StreamOpenResults::Reader message, CallContext&, bh_codec_stream_result& result) {
  result.stream = message.getStream();
  return BH_OK;
}

bh_status read(InfoResults::Reader message, CallContext& context, bh_codec_info_result& result) {
  const auto list = message.getSpecial();
  auto* special = static_cast<bh_codec_special_token*>(
      context.allocate(list.size() * sizeof(bh_codec_special_token)));
  if (special == nullptr || !take_text(message.getName(), context, result.name) ||
      !take_text(message.getLanguages(), context, result.languages)) {
    return BH_OUT_OF_MEMORY;
  }
  for (capnp::uint i = 0; i < list.size(); ++i) {
    special[i] = {{nullptr, 0}, list[i].getId(), 0};
    if (!take_text(list[i].getText(), context, special[i].text)) return BH_OUT_OF_MEMORY;
  }
  result.special = special;
  result.special_count = list.size();
  result.vocabulary = message.getVocabulary();
  result.max_id = message.getMaxId();
  result.max_token_bytes = message.getMaxTokenBytes();
  return BH_OK;
}

bool valid(const bh_codec_encode_result& result, const Bounds& bounds, const CallContext& context) {
  if (result.truncated > 1 || !owns_array(context, result.ids, result.count)) return false;
  if (result.offsets == nullptr) return !bounds.offsets;
  return offsets_valid(context, result.offsets, result.count, bounds.text_bytes);
}

bool valid(const bh_codec_bytes_result& result, const Bounds&, const CallContext& context) {
  return context.owns(result.bytes.data, result.bytes.size);
}

bool valid(const bh_codec_tokenize_result& result, const Bounds& bounds,
           const CallContext& context) {
  return context.owns(result.bytes.data, result.bytes.size) &&
         (bounds.items == 0 || result.count == bounds.items) &&
         offsets_valid(context, result.offsets, result.count, result.bytes.size);
}

bool valid(const bh_codec_encode_batch_result& result, const Bounds& bounds,
           const CallContext& context) {
  return result.count == bounds.items && owns_array(context, result.ids, result.id_count) &&
         offsets_valid(context, result.offsets, result.count, result.id_count);
}

bool valid(const bh_codec_stream_result& result, const Bounds&, const CallContext&) {
  return result.stream != 0 && result.stream < (std::uint64_t{1} << 48);
}

bool valid(const bh_codec_info_result& result, const Bounds&, const CallContext& context) {
  if (!context.owns(result.name.data, result.name.size) ||
      !context.owns(result.languages.data, result.languages.size) ||
      !owns_array(context, result.special, result.special_count)) {
    return false;
  }
  // Ids have 32 bits, and no more of them mean something than there are up to the largest.
  if (result.max_id > std::numeric_limits<std::uint32_t>::max() ||
      result.vocabulary > result.max_id + 1) {
    return false;
  }
  for (std::uint32_t i = 0; i < result.special_count; ++i) {
    if (!context.owns(result.special[i].text.data, result.special[i].text.size)) return false;
  }
  return true;
}

}  // namespace bulkhead::wire::codec
