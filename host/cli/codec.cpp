// bulkhead codec encode|decode|tokenize|count
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "failure.hpp"
#include "files.hpp"
#include "ids.hpp"
#include "session.hpp"

namespace bulkhead::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kInputWorthABar = std::size_t{4} << 20;

bool all(const std::vector<std::string>& tokens) {
  return std::find(tokens.begin(), tokens.end(), "all") != tokens.end();
}

EncodeOptions encode_options(const CodecOptions& options) {
  EncodeOptions encode;
  encode.special.allow_all = all(options.allow_special);
  if (!encode.special.allow_all) encode.special.allowed = options.allow_special;
  encode.special.disallow_all = all(options.disallow_special);
  if (!encode.special.disallow_all) encode.special.disallowed = options.disallow_special;
  return encode;
}

// One codec command: reads the input, opens the plugin, calls it, writes the answer.
class CodecCall {
 public:
  CodecCall(Session& session, const CodecOptions& options, const char* verb)
      : session_(session),
        options_(options),
        verb_(verb),
        format_(parse_format(options.format)),
        timeout_(parse_timeout(options.plugin.timeout)) {
    // What is wrong with the command line shows before the input is read.
    parse_isolation(options.plugin.isolation);
    split_plugin(options.plugin.plugin);
    if ((options.file.empty() || options.file == "-") && ::isatty(0) == 1)
      session.progress.line("bulkhead: reading standard input; end it with Ctrl-D.");
    // So does an output that can't be written, before a long call.
    if (!options.output.empty()) output_ = std::make_unique<AtomicFile>(options.output);
    input_ = read_input(options.file, session.interrupts);
  }

  Format format() const { return format_; }
  const std::string& input() const { return input_; }
  std::string input_name() const {
    return options_.file.empty() || options_.file == "-" ? kStandardInput : options_.file;
  }

  // `work(codec, call_options)` is the call itself.
  template <class Work>
  auto run(Work&& work) {
    host_.emplace(session_.open_host());
    PluginOptions plugin = options_.plugin;
    if (!options_.encoding.empty()) plugin.config.push_back("encoding=" + options_.encoding);
    opened_.emplace(open_plugin(session_, *host_, plugin));
    const CodecClient codec =
        attempt(session_, Doing::calling, [&] { return CodecClient(opened_->instance); });
    std::unique_ptr<Progress::Task> task;
    CallOptions call;
    call.timeout = timeout_;
    call.cancel = &session_.interrupts.cancel();
    if (input_.size() >= kInputWorthABar && session_.progress.bars()) {
      task = session_.progress.start(verb_, input_.size());
      call.progress = [&task](std::uint64_t done, std::uint64_t total) {
        task->update(done, total);
      };
    }
    return attempt(session_, Doing::calling, [&] { return work(codec, call); });
  }

  // The answer goes to --output in the format that was asked for; without one to standard output,
  // there with --json as `key` of a document. `value` writes the value of the key.
  void deliver(ordered_json facts, const char* key, const std::function<void(const Sink&)>& bytes,
               const std::function<void(const Sink&)>& value) {
    Output& output = session_.output;
    if (output_) {
      std::uint64_t size = 0;
      bytes([&](std::string_view piece) {
        session_.interrupts.check();
        output_->write(piece);
        size += piece.size();
      });
      output_->commit();
      if (!output.json()) return;
      facts["output"] = options_.output;
      facts["bytes"] = size;
      return output.document(facts);
    }
    const Sink standard_output = [&](std::string_view piece) {
      session_.interrupts.check();
      output.write(piece);
    };
    if (!output.json()) return bytes(standard_output);
    std::string head = facts.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
    head.back() = ',';  // instead of '}': the value follows, which may be too large for a document
    standard_output(head + "\"" + key + "\":");
    value(standard_output);
    standard_output("}\n");
  }

  // What stands around a result with --json.
  ordered_json facts() const {
    const PluginInfo& info = opened_->plugin.info();
    ordered_json facts;
    facts["plugin"] = info.id;
    facts["version"] = info.version;
    facts["isolation"] = isolation_name(opened_->plugin.isolation());
    facts["level"] = opened_->plugin.level().number;
    return facts;
  }

 private:
  Session& session_;
  const CodecOptions& options_;
  const char* verb_;
  Format format_;
  std::chrono::nanoseconds timeout_;
  std::unique_ptr<AtomicFile> output_;
  std::string input_;
  std::optional<Host> host_;
  std::optional<Opened> opened_;
};

}  // namespace

void codec_encode(Session& session, const CodecOptions& options) {
  CodecCall codec_call(session, options, "encode");
  const auto ids = codec_call.run([&](const CodecClient& codec, const CallOptions& call) {
    return codec.encode(codec_call.input(), encode_options(options), call);
  });
  ordered_json facts = codec_call.facts();
  facts["count"] = ids.size();
  codec_call.deliver(
      std::move(facts), "ids", [&](const Sink& sink) { write_ids(sink, ids, codec_call.format()); },
      [&](const Sink& sink) { ids_as_json(sink, ids); });
}

void codec_decode(Session& session, const CodecOptions& options) {
  CodecCall codec_call(session, options, "decode");
  const std::vector<std::uint32_t> ids =
      parse_ids(codec_call.input(), codec_call.format(), codec_call.input_name());
  const std::string text = codec_call.run(
      [&](const CodecClient& codec, const CallOptions& call) { return codec.decode(ids, call); });
  ordered_json facts = codec_call.facts();
  facts["count"] = ids.size();
  codec_call.deliver(
      std::move(facts), "text", [&](const Sink& sink) { sink(text); },
      [&](const Sink& sink) { sink(bytes_as_json(text)); });
}

void codec_tokenize(Session& session, const CodecOptions& options) {
  if (parse_format(options.format) == Format::u32le)
    throw usage_failure("u32le is a format for ids; pieces are \"text\" or \"json\".");
  CodecCall codec_call(session, options, "tokenize");
  const auto pieces = codec_call.run([&](const CodecClient& codec, const CallOptions& call) {
    return codec.tokenize(codec_call.input(), encode_options(options), call);
  });
  ordered_json facts = codec_call.facts();
  facts["count"] = pieces.size();
  codec_call.deliver(
      std::move(facts), "pieces",
      [&](const Sink& sink) { write_pieces(sink, pieces, codec_call.format()); },
      [&](const Sink& sink) { pieces_as_json(sink, pieces); });
}

void codec_count(Session& session, const CodecOptions& options) {
  CodecCall codec_call(session, options, "count");
  const std::uint64_t count =
      codec_call.run([&](const CodecClient& codec, const CallOptions& call) {
        return codec.count(codec_call.input(), encode_options(options), call);
      });
  codec_call.deliver(
      codec_call.facts(), "count", [&](const Sink& sink) { sink(std::to_string(count) + "\n"); },
      [&](const Sink& sink) { sink(std::to_string(count)); });
}

}  // namespace bulkhead::cli
