#include "host/check/inputs.hpp"

#include <openssl/evp.h>
#include <bulkhead/abi/draft/command.h>
#include <bulkhead/abi/draft/compression.h>
#include <bulkhead/abi/draft/events.h>
#include <bulkhead/abi/draft/multimodal.h>
#include <bulkhead/abi/draft/provider.h>
#include <bulkhead/abi/draft/state.h>
#include <bulkhead/abi/draft/trainer.h>

#include <algorithm>
#include <array>
#include <limits>

#include "host/check/check_file.hpp"

namespace bulkhead::check {
namespace {

using Random = std::mt19937_64;

std::uint64_t random_number(Random& random, std::uint64_t largest) {
  switch (random() % 6) {
    case 0:
      return 0;
    case 1:
      return 1;
    case 2:
      return largest;
    case 3:
      return largest - random() % 16;
    case 4:
      return random() % 1000;
    default:
      return largest == std::numeric_limits<std::uint64_t>::max() ? random()
                                                                  : random() % (largest + 1);
  }
}

std::string random_bytes(Random& random) {
  constexpr std::size_t kSizes[] = {0, 1, 3, 17, 300, 5000};
  std::string bytes(kSizes[random() % std::size(kSizes)], '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string random_text(Random& random) {
  const auto texts = sample_texts();
  std::string text(texts[random() % texts.size()]);
  if (random() % 4 == 0) text += std::string(random() % 5000, 'x');
  return text;
}

json random_value(capnp::Type type, Random& random);

json random_list(capnp::ListSchema schema, Random& random) {
  json list = json::array();
  for (auto i = random() % 4; i > 0; --i)
    list.push_back(random_value(schema.getElementType(), random));
  return list;
}

json random_value(capnp::Type type, Random& random) {
  switch (type.which()) {
    case capnp::schema::Type::BOOL:
      return random() % 2 == 0;
    case capnp::schema::Type::UINT16:
      return random_number(random, 65535);
    case capnp::schema::Type::UINT32:
      return random_number(random, 0xffffffff);
    case capnp::schema::Type::UINT64:
      return random_number(random, std::numeric_limits<std::uint64_t>::max());
    case capnp::schema::Type::INT32:
      return static_cast<std::int32_t>(random_number(random, 0xffffffff));
    case capnp::schema::Type::INT64:
      return static_cast<std::int64_t>(
          random_number(random, std::numeric_limits<std::uint64_t>::max()));
    case capnp::schema::Type::FLOAT64: {
      constexpr double kNumbers[] = {0, 1, -1, 0.5, 1e-300, 1e300, -1e300};
      return kNumbers[random() % std::size(kNumbers)];
    }
    case capnp::schema::Type::TEXT:
      return random_text(random);
    case capnp::schema::Type::DATA:
      return random() % 2 == 0 ? json(random_text(random)) : bytes_json(random_bytes(random));
    case capnp::schema::Type::LIST:
      return random_list(type.asList(), random);
    case capnp::schema::Type::STRUCT:
      return random_params(type.asStruct(), random);
    default:
      return nullptr;
  }
}

// A method without params and side effects, called as it is.
PlannedCall plain(const char* interface, const char* method, json params = json::object()) {
  return {interface, method, std::move(params), {}, {}};
}

void plan_multimodal(Run& run, std::vector<PlannedCall>& calls) {
  const char* const interface = BH_MULTIMODAL_1;
  json items = json::array();
  const json info = run.must(interface, "info", json::object());
  for (const json& format : info["formats"]) {
    if (format["mediaType"] == "image/png") items.push_back({{"bytes", bytes_json(small_png())}});
    if (format["mediaType"] == "audio/wav" || format["mediaType"] == "audio/x-wav")
      items.push_back({{"bytes", bytes_json(small_wav())}});
  }
  calls.push_back(plain(interface, "info"));
  for (const char* method : {"probe", "load"}) {
    calls.push_back(plain(interface, method, {{"items", json::array()}}));
    if (!items.empty()) calls.push_back(plain(interface, method, {{"items", items}}));
  }
}

// Of the sample texts, those that the codec takes: an alphabet may be small.
void plan_codec(Run& run, std::vector<PlannedCall>& calls) {
  const char* const interface = BH_CODEC_1;
  json texts = json::array(), all_ids = json::array();
  json offsets = json::array({0});
  const auto plan = [&](const char* method, json params) {
    if (run.call(interface, method, params).status == Status::unsupported) return;
    calls.push_back(plain(interface, method, std::move(params)));
  };
  for (const std::string_view text : sample_texts()) {
    const json params = {{"text", text}};
    const Answer answer = run.call(interface, "encode", params);
    if (!answer.ok()) continue;
    plan("encode", {{"text", text}, {"flags", BH_ENCODE_OFFSETS}});
    plan("tokenize", params);
    plan("count", params);
    plan("decode", {{"ids", answer.result["ids"]}});
    texts.push_back(text);
    for (const json& id : answer.result["ids"]) all_ids.push_back(id);
    offsets.push_back(all_ids.size());
  }
  if (texts.empty())
    throw Violation{"call.answers", "encode refuses every text, the empty one as well",
                    "encode must succeed for the empty text"};
  plan("encode_batch", {{"texts", texts}});
  plan("decode_batch", {{"ids", all_ids}, {"offsets", offsets}});
  plan("info", json::object());
}

}  // namespace

json random_params(capnp::StructSchema schema, Random& random) {
  json params = json::object();
  for (const auto field : schema.getNonUnionFields())
    params[field.getProto().getName().cStr()] = random_value(field.getType(), random);
  if (const auto choices = schema.getUnionFields(); choices.size() > 0) {
    const auto field = choices[static_cast<capnp::uint>(random() % choices.size())];
    params[field.getProto().getName().cStr()] = random_value(field.getType(), random);
  }
  return params;
}

json bytes_json(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return {{"base64", text}};
}

std::string small_png() {
  constexpr unsigned char kBytes[] = {
      0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44,
      0x52, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x08, 0x02, 0x00, 0x00, 0x00, 0xfd,
      0xd4, 0x9a, 0x73, 0x00, 0x00, 0x00, 0x12, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0xf8,
      0xcf, 0xc0, 0xc0, 0x00, 0xc2, 0x0c, 0xff, 0x81, 0x00, 0x00, 0x1f, 0xee, 0x05, 0xfb, 0xf1,
      0xab, 0xba, 0x77, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
  return {reinterpret_cast<const char*>(kBytes), sizeof kBytes};
}

std::string small_wav() {
  // 16-bit mono at 8000 Hz: four samples.
  constexpr unsigned char kBytes[] = {
      'R', 'I', 'F', 'F', 0x2c, 0, 0,    0,    'W', 'A', 'V',  'E',  'f', 'm',  't',  ' ', 0x10, 0,
      0,   0,   1,   0,   1,    0, 0x40, 0x1f, 0,   0,   0x80, 0x3e, 0,   0,    2,    0,   0x10, 0,
      'd', 'a', 't', 'a', 8,    0, 0,    0,    0,   0,   0,    0x40, 0,   0xc0, 0xff, 0x7f};
  return {reinterpret_cast<const char*>(kBytes), sizeof kBytes};
}

std::span<const std::string_view> sample_texts() {
  static constexpr std::array<std::string_view, 8> kTexts = {
      "",
      "a",
      "hello, world",
      "The quick brown fox jumps over the lazy dog. 0123456789\n",
      "  two  spaces\tand a tab\r\n\r\n",
      "Grüße, señor; čeština ist schön",
      "日本語のテキスト。Русский текст. نص عربي",
      "👩‍👩‍👧‍👦 emoji e\u0301 \u200b zero width",
  };
  return kTexts;
}

std::vector<const wire::InterfaceInfo*> known_interfaces(const Subject& subject) {
  std::vector<const wire::InterfaceInfo*> known;
  for (const std::string& name : subject.manifest().interfaces) {
    if (const auto* one = wire::find_interface(name)) known.push_back(one);
  }
  if (known.empty()) throw Skip{"no interface of the plugin is one that this version knows"};
  return known;
}

bool harmless(const wire::InterfaceInfo& interface, std::string_view method) {
  return std::string_view(interface.name) != BH_PROVIDER_1 || method == "info" ||
         method == "find" || method == "list_owned";
}

bool repeatable(const PlannedCall& call) {
  const wire::InterfaceInfo* interface = wire::find_interface(call.interface);
  for (const wire::MethodInfo& method : interface->methods()) {
    if (call.method == method.name)
      return method.params_handle.empty() && method.results_handle.empty();
  }
  return false;
}

const std::vector<PlannedCall>& planned_calls(Subject& subject) {
  if (subject.plan) return *subject.plan;
  known_interfaces(subject);
  std::vector<PlannedCall> calls;
  try {
    if (auto own = read_check_file(subject.folder(), subject.manifest().interfaces)) calls = *own;
  } catch (const manifest::FileError&) {
    throw Skip{"check/check.toml can't be read: see package.inputs"};
  }
  Run run(subject);
  if (subject.offers(BH_CODEC_1)) plan_codec(run, calls);
  if (subject.offers(BH_MULTIMODAL_1)) plan_multimodal(run, calls);
  if (subject.offers(BH_COMPRESSION_1)) calls.push_back(plain(BH_COMPRESSION_1, "info"));
  if (subject.offers(BH_TRAINER_1)) calls.push_back(plain(BH_TRAINER_1, "info"));
  if (subject.offers(BH_PROVIDER_1)) calls.push_back(plain(BH_PROVIDER_1, "info"));
  if (subject.offers(BH_COMMAND_1)) calls.push_back(plain(BH_COMMAND_1, "list"));
  if (subject.offers(BH_EVENTS_1)) calls.push_back(plain(BH_EVENTS_1, "subscriptions"));
  if (subject.offers(BH_STATE_1)) calls.push_back(plain(BH_STATE_1, "save"));
  return subject.plan.emplace(std::move(calls));
}

std::vector<PlannedCall> refused_calls(Subject& subject) {
  const std::pair<const char*, PlannedCall> all[] = {
      {BH_CODEC_1, plain(BH_CODEC_1, "decode", {{"ids", {4294967295u}}})},
      {BH_CODEC_1, plain(BH_CODEC_1, "stream_push", {{"stream", 987654}})},
      {BH_MULTIMODAL_1,
       plain(BH_MULTIMODAL_1, "probe",
             {{"items", {{{"bytes", "x"}, {"mediaType", "check/no-such-type"}}}}})},
      {BH_COMPRESSION_1,
       plain(BH_COMPRESSION_1, "estimate", {{"method", "no-such-method"}, {"model", "m"}})},
      {BH_TRAINER_1, plain(BH_TRAINER_1, "step", {{"run", 987654}, {"steps", 1}})},
      {BH_COMMAND_1, plain(BH_COMMAND_1, "run", {{"name", "no-such-command"}})},
      {BH_PROVIDER_1, plain(BH_PROVIDER_1, "find", {{"intent", "no-such-intent"}})},
  };
  std::vector<PlannedCall> calls;
  for (const auto& [interface, call] : all) {
    if (subject.offers(interface)) calls.push_back(call);
  }
  return calls;
}

}  // namespace bulkhead::check
