// codec.*: the sentences of bulkhead/abi/codec.h.
#include <bulkhead/codec_client.hpp>

#include "host/check/cases.hpp"
#include "host/check/inputs.hpp"

namespace bulkhead::check {
namespace {

// The texts of the plan, which the codec takes.
std::vector<std::string> texts_of(Subject& subject) {
  std::vector<std::string> texts;
  for (const PlannedCall& call : planned_calls(subject)) {
    if (call.interface == BH_CODEC_1 && call.method == "encode" && call.params.contains("text") &&
        call.params["text"].is_string() && call.params.value("maxTokens", 0) == 0)
      texts.push_back(call.params["text"]);
  }
  return texts;
}

json encode(Run& run, const std::string& text, const json& more = json::object()) {
  json params = {{"text", text}};
  params.update(more);
  return run.must(BH_CODEC_1, "encode", params);
}

std::string bytes_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string shown(const std::string& text) { return json(text).dump(); }

void round_trip(Subject& subject, Notes& notes) {
  const auto texts = texts_of(subject);
  Run run(subject);
  for (const std::string& text : texts) {
    const json ids = encode(run, text)["ids"];
    const std::string back = bytes_of(run.must(BH_CODEC_1, "decode", {{"ids", ids}})["bytes"]);
    if (back != text)
      throw Violation{"", shown(text) + " comes back as " + shown(back),
                      "decode(encode(x)) == x; refuse a text that can't be kept"};
  }
  notes.figures = {{"texts", static_cast<double>(texts.size())}};
}

void count(Subject& subject, Notes&) {
  const auto texts = texts_of(subject);
  Run run(subject);
  for (const std::string& text : texts) {
    const std::size_t ids = encode(run, text)["ids"].size();
    const json counted = run.must(BH_CODEC_1, "count", {{"text", text}});
    if (counted["count"] != ids)
      throw Violation{"",
                      "of " + shown(text) + " encode gives " + std::to_string(ids) +
                          " ids, and count says " + counted["count"].dump(),
                      "count is the number of ids that encode gives"};
  }
}

void max_tokens(Subject& subject, Notes&) {
  const auto texts = texts_of(subject);
  Run run(subject);
  for (const std::string& text : texts) {
    const json all = encode(run, text)["ids"];
    if (all.size() < 2) continue;
    for (const std::size_t most : {std::size_t{1}, all.size() - 1, all.size()}) {
      const json some = encode(run, text, {{"maxTokens", most}});
      const bool fits = some["ids"].size() <= most;
      if (!fits || some["truncated"] != (most < all.size()))
        throw Violation{"",
                        "with maxTokens " + std::to_string(most) + " " + shown(text) + " (" +
                            std::to_string(all.size()) + " ids) gives " +
                            std::to_string(some["ids"].size()) + ", truncated " +
                            some["truncated"].dump(),
                        "stop after so many ids, and set `truncated` where text is left"};
    }
  }
}

// Offsets lead from 0 to the end of the text, one for each id and one for the end.
void offsets(Subject& subject, Notes&) {
  const auto texts = texts_of(subject);
  Run run(subject);
  for (const std::string& text : texts) {
    const json result = encode(run, text, {{"flags", BH_ENCODE_OFFSETS}});
    const json& all = result["offsets"];
    bool good = all.size() == result["ids"].size() + 1;
    for (std::size_t i = 0; good && i < all.size(); ++i) {
      const auto offset = all[i].get<std::uint64_t>();
      good = offset <= text.size() && (i == 0 || all[i - 1].get<std::uint64_t>() <= offset);
    }
    if (good && !text.empty() && all.size() > 1)
      good = all.front() == 0 && all.back() == text.size();
    const Answer pieces = run.call(BH_CODEC_1, "tokenize", {{"text", text}});
    if (good && pieces.ok() && bytes_of(pieces.result["bytes"]) == text)
      good = pieces.result["offsets"] == all;
    if (!good)
      throw Violation{
          "", shown(text) + " has the offsets " + call_text("", all),
          "count + 1 offsets ascend from 0 to the size of the text, and cut it into the pieces of "
          "tokenize"};
  }
}

void pieces(Subject& subject, Notes&) {
  const auto texts = texts_of(subject);
  Run run(subject);
  for (const std::string& text : texts) {
    const std::size_t ids = encode(run, text)["ids"].size();
    const json result = run.must(BH_CODEC_1, "tokenize", {{"text", text}});
    const std::string bytes = bytes_of(result["bytes"]);
    if (result["offsets"].size() != ids + 1 || bytes != text)
      throw Violation{"",
                      "of " + shown(text) + " tokenize gives " +
                          std::to_string(result["offsets"].size() - 1) + " pieces that are " +
                          shown(bytes) + ", and encode " + std::to_string(ids) + " ids",
                      "a piece is the bytes of one id of encode"};
  }
}

void batches(Subject& subject, Notes&) {
  const auto texts = texts_of(subject);
  Run run(subject);
  for (const unsigned threads : {1u, 4u}) {
    const json many =
        run.must(BH_CODEC_1, "encode_batch", {{"texts", texts}, {"threads", threads}});
    json ids = json::array(), offsets = json::array({0});
    for (const std::string& text : texts) {
      const json result = encode(run, text);
      for (const json& id : result["ids"]) ids.push_back(id);
      offsets.push_back(ids.size());
    }
    if (many["ids"] != ids || many["offsets"] != offsets)
      throw Violation{"",
                      "encode_batch with " + std::to_string(threads) +
                          " threads differs from encode of each text",
                      "a batch is the same as its texts one by one, on any number of threads"};
    const json back = run.must(BH_CODEC_1, "decode_batch",
                               {{"ids", ids}, {"offsets", offsets}, {"threads", threads}});
    std::string whole;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const json one(std::vector<json>(ids.begin() + offsets[i].get<long>(),
                                       ids.begin() + offsets[i + 1].get<long>()));
      whole += bytes_of(run.must(BH_CODEC_1, "decode", {{"ids", one}})["bytes"]);
    }
    if (bytes_of(back["bytes"]) != whole)
      throw Violation{"",
                      "decode_batch with " + std::to_string(threads) +
                          " threads differs from decode of each list",
                      "a batch is the same as its lists one by one, on any number of threads"};
  }
}

// Id by id through a stream: the bytes of decode, never a part of a UTF-8 character before the end.
void streams(Subject& subject, Notes&) {
  const auto texts = texts_of(subject);
  Run run(subject);
  const CodecClient codec(run.instance());
  for (const std::string& text : texts) {
    const auto ids = encode(run, text)["ids"].get<std::vector<std::uint32_t>>();
    std::string whole;
    try {
      DecodeStream stream = codec.decode_stream();
      for (const std::uint32_t id : ids) {
        const std::string piece = stream.push(std::span(&id, 1));
        if (json(piece).dump(-1, ' ', false, json::error_handler_t::replace) !=
            json(piece).dump(-1, ' ', false, json::error_handler_t::ignore))
          throw Violation{"", "of " + shown(text) + " a push gives a part of a character",
                          "hold back an incomplete UTF-8 tail until its rest arrives"};
        whole += piece;
      }
      whole += stream.finish();
    } catch (const Error& error) {
      if (error.status() == Status::unsupported) throw Skip{error.what()};
      throw Violation{"", "a stream of " + shown(text) + " ends with " + error.what(),
                      "streams take what decode takes"};
    }
    if (whole != text && whole != bytes_of(run.must(BH_CODEC_1, "decode", {{"ids", ids}})["bytes"]))
      throw Violation{"", "of " + shown(text) + " a stream gives " + shown(whole),
                      "what a stream gives is what decode gives"};
  }
}

void closed_stream(Subject& subject, Notes&) {
  Run run(subject);
  const json stream = run.must(BH_CODEC_1, "stream_open", json::object())["stream"];
  run.must(BH_CODEC_1, "stream_close", {{"stream", stream}});
  for (const char* method : {"stream_push", "stream_close"}) {
    const Answer answer = run.call(BH_CODEC_1, method, {{"stream", stream}});
    if (answer.status != Status::not_found)
      throw Violation{
          "", std::string(method) + " of a closed stream gives " + status_name(answer.status),
          "a closed or unknown stream is BH_NOT_FOUND"};
  }
}

// An id that is none is refused, by name.
void unknown_id(Subject& subject, Notes&) {
  Run run(subject);
  const json info = run.must(BH_CODEC_1, "info", json::object());
  if (info["maxId"] == 4294967295u) throw Skip{"every id is one"};
  const Answer answer = run.call(BH_CODEC_1, "decode", {{"ids", {4294967295u}}});
  if (answer.status != Status::invalid_argument ||
      answer.text.find("4294967295") == std::string::npos)
    throw Violation{
        "", "decode of the id 4294967295 gives " + status_name(answer.status) + ": " + answer.text,
        "BH_INVALID_ARGUMENT, and the text names the id and its position"};
}

void facts(Subject& subject, Notes& notes) {
  const auto texts = texts_of(subject);
  Run run(subject);
  const json info = run.must(BH_CODEC_1, "info", json::object());
  const auto max_id = info["maxId"].get<std::uint64_t>();
  const auto vocabulary = info["vocabulary"].get<std::uint64_t>();
  notes.figures = {{"vocabulary", static_cast<double>(vocabulary)}};
  const auto refuse = [](const std::string& seen) {
    throw Violation{"", seen, "info() tells the truth about the vocabulary"};
  };
  if (info["name"] == "") refuse("the name is empty");
  if (vocabulary > max_id + 1)
    refuse("vocabulary " + std::to_string(vocabulary) + " is more than ids up to maxId " +
           std::to_string(max_id) + " give");
  for (const std::string& text : texts) {
    const json result = encode(run, text);
    for (const json& id : result["ids"]) {
      if (id.get<std::uint64_t>() > max_id)
        refuse("encode gives the id " + id.dump() + ", above maxId " + std::to_string(max_id));
      const json piece = run.must(BH_CODEC_1, "decode", {{"ids", {id}}})["bytes"];
      if (piece.is_string() &&
          piece.get<std::string>().size() > info["maxTokenBytes"].get<std::uint64_t>())
        refuse("the id " + id.dump() + " has more bytes than maxTokenBytes " +
               info["maxTokenBytes"].dump());
    }
  }
  for (const json& token : info["special"]) {
    const json decoded = run.must(BH_CODEC_1, "decode", {{"ids", {token["id"]}}})["bytes"];
    if (decoded != token["text"])
      refuse("the special token " + token.dump() + " decodes to " + decoded.dump());
  }
}

constexpr const char* kCodec = "bulkhead/abi/codec.h";

constexpr Case kCases[] = {
    {{"codec.round_trip", "decode(encode(x)) == x.", kCodec}, round_trip, BH_CODEC_1},
    {{"codec.count", "count gives the number of ids of encode.", kCodec}, count, BH_CODEC_1},
    {{"codec.max_tokens", "max_tokens ends an encoding early, and `truncated` says so.", kCodec},
     max_tokens,
     BH_CODEC_1},
    {{"codec.offsets",
      "Offsets ascend from 0 to the size of the text, one for each id and the end.", kCodec},
     offsets,
     BH_CODEC_1},
    {{"codec.pieces", "tokenize gives what encode gives, as bytes.", kCodec}, pieces, BH_CODEC_1},
    {{"codec.batches", "Batches are the same as single calls, on any number of threads.", kCodec},
     batches,
     BH_CODEC_1},
    {{"codec.streams", "A stream gives what decode gives, and no part of a character.", kCodec},
     streams,
     BH_CODEC_1},
    {{"codec.closed_stream", "A closed stream is not found.", kCodec}, closed_stream, BH_CODEC_1},
    {{"codec.unknown_id", "decode refuses an unknown id, and names it.", kCodec},
     unknown_id,
     BH_CODEC_1},
    {{"codec.info", "info() is true: ids, lengths and special tokens.", kCodec}, facts, BH_CODEC_1},
};

}  // namespace

std::span<const Case> codec_cases() { return kCases; }

}  // namespace bulkhead::check
