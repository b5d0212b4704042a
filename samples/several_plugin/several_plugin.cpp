// One plugin with three interfaces: a codec that gives every new word the next id, the state that
// it grows by (to move it to another instance), and a command that prints it.
#include <bulkhead/sdk/codec.hpp>
#include <bulkhead/sdk/command.hpp>
#include <bulkhead/sdk/several.hpp>
#include <bulkhead/sdk/state.hpp>

#include <map>
#include <mutex>
#include <sstream>

class Words : public bulkhead::Several<bulkhead::Codec, bulkhead::Command, bulkhead::Stateful> {
 public:
  // Codec
  Encoded encode(const Call& call, std::string_view text,
                 const EncodeRequest& request) const override {
    const std::lock_guard lock(mutex_);
    Encoded result;
    std::istringstream in{std::string(text)};
    for (std::string word; in >> word;) {
      if (request.max_tokens != 0 && result.ids.size() == request.max_tokens) {
        result.truncated = true;
        break;
      }
      if (result.ids.size() % 1024 == 0) call.check();
      const auto [at, is_new] = ids_.emplace(word, static_cast<std::uint32_t>(words_.size()));
      if (is_new) words_.push_back(word);
      result.ids.push_back(at->second);
    }
    return result;
  }

  std::string decode(const Call&, std::span<const std::uint32_t> ids) const override {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (std::uint32_t id : ids) {
      if (id >= words_.size())
        throw PluginError(BH_INVALID_ARGUMENT, "no word has the id " + std::to_string(id));
      text += (text.empty() ? "" : " ") + words_[id];
    }
    return text;
  }

  CodecFacts info() const override {
    const std::lock_guard lock(mutex_);
    return {.name = "words", .vocabulary = words_.size()};  // today
  }

  // Command
  std::vector<CommandFacts> list() const override {
    return {{"learn", "Gives every new word of the input an id, and prints the words", "learn"}};
  }

  CommandResult run(const Call& call, const CommandRequest& request) const override {
    if (request.name != "learn") throw PluginError(BH_NOT_FOUND, "the only command is learn");
    encode(call, request.input, {});
    const std::lock_guard lock(mutex_);
    CommandResult result;
    for (const std::string& word : words_) result.output += word + "\n";
    return result;
  }

  // State: a word a line.
  SavedState save(const Call&) const override {
    const std::lock_guard lock(mutex_);
    SavedState state{1, ""};
    for (const std::string& word : words_) state.bytes += word + "\n";
    return state;
  }

  void restore(const Call& call, std::uint32_t version, std::string_view bytes) override {
    if (version != 1) throw PluginError(BH_VERSION_MISMATCH, "only version 1 can be restored");
    Words restored;
    if (restored.save_of(call, bytes) != bytes)
      throw PluginError(BH_DATA_INVALID, "a state is words, each once, a word a line");
    const std::lock_guard lock(mutex_);
    ids_ = std::move(restored.ids_);
    words_ = std::move(restored.words_);
  }

 private:
  std::string save_of(const Call& call, std::string_view text) const {
    encode(call, text, {});
    return save(call).bytes;
  }

  mutable std::mutex mutex_;  // functions of a codec and a command come from many threads
  mutable std::map<std::string, std::uint32_t> ids_;
  mutable std::vector<std::string> words_;
};

BULKHEAD_PLUGIN(Words);
