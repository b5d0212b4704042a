#include "encoder.hpp"

#include <algorithm>
#include <span>
#include <vector>

namespace en_gpt2 {
namespace {

constexpr std::size_t kPollEvery = 64 * 1024;
constexpr std::size_t kReportAbove = 1024 * 1024;

// What tiktoken takes for white space when it looks for tokens that may change.
bool all_space(std::string_view token) {
  return token.find_first_not_of(" \n\t") == std::string_view::npos;
}

// The tokens at the end of a valid text that invalid bytes after it would change, by the rule of
// tiktoken's _increase_last_piece_token_len: those of the last piece, and where the first of these
// is white space, also all white space right before it.
class Unstable {
 public:
  Unstable(const Vocabulary& vocabulary, TokenSink& sink) : vocabulary_(vocabulary), sink_(sink) {}

  // The tokens of the next piece; the ones that are now safe go to the sink.
  void add_piece(const std::vector<Part>& parts) {
    std::size_t keep = tokens_.size();
    if (all_space(vocabulary_.bytes(parts.front().id))) {
      while (keep > 0 && all_space(vocabulary_.bytes(tokens_[keep - 1].id))) --keep;
    }
    for (std::size_t i = 0; i < keep && !sink_.full(); ++i) sink_.put(tokens_[i]);
    tokens_.erase(tokens_.begin(), tokens_.begin() + static_cast<std::ptrdiff_t>(keep));
    tokens_.insert(tokens_.end(), parts.begin(), parts.end());
  }
  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const Part& part : tokens_) sum += part.size;
    return sum;
  }

 private:
  const Vocabulary& vocabulary_;
  TokenSink& sink_;
  std::vector<Part> tokens_;
};

}  // namespace

void Encoder::poll(const char* at) {
  if (at < next_poll_) return;
  next_poll_ = at + std::min<std::size_t>(kPollEvery, whole_.data() + whole_.size() - at);
  call_.check();
  if (whole_.size() > kReportAbove) {
    call_.progress(static_cast<std::uint64_t>(at - whole_.data()), whole_.size());
  }
}

void Encoder::encode(std::string_view text, const SpecialSet& special, TokenSink& sink) {
  whole_ = text;
  next_poll_ = text.data();
  std::size_t at = 0;
  while (!sink.full()) {
    const std::optional<SpecialMatch> match = special.find(text, at);
    const std::string_view ordinary = text.substr(at, match ? match->at - at : text.npos);
    const std::size_t valid = valid_utf8_prefix(ordinary);
    if (valid == ordinary.size()) {
      encode_ordinary(ordinary, sink);
    } else {
      encode_invalid(ordinary, valid, sink);
    }
    if (!match || sink.full()) break;
    const std::size_t size = match->token->text.size();
    sink.put({static_cast<std::uint32_t>(size), match->token->id});
    at = match->at + size;
  }
  if (whole_.size() > kReportAbove) call_.progress(whole_.size(), whole_.size());
}

void Encoder::encode_ordinary(std::string_view text, TokenSink& sink) {
  for (std::size_t at = 0; at < text.size() && !sink.full();) {
    poll(text.data() + at);
    const std::size_t end = next_piece_(text, at);
    encode_piece(text.substr(at, end - at), sink);
    at = end;
  }
}

void Encoder::encode_piece(std::string_view piece, TokenSink& sink) {
  if (const std::uint32_t id = vocabulary_.find(piece); id != kNoToken) {
    sink.put({static_cast<std::uint32_t>(piece.size()), id});
    return;
  }
  if (piece.size() <= Merger::kLong) {
    for (const Part& part : merger_.merge(piece)) {
      if (sink.full()) return;
      sink.put(part);
    }
    return;
  }
  bulkhead::sdk::Chunked<std::uint32_t> own;
  bulkhead::sdk::Chunked<std::uint32_t>& ids = sink.list() != nullptr ? *sink.list() : own;
  std::uint64_t count = ids.size(), bytes = piece.size();
  merge_long(piece, ids);
  for (count = ids.size() - count; count > sink.room(); --count) {
    bytes -= vocabulary_.bytes(ids.back()).size();
    ids.pop_back();
  }
  sink.add(count, bytes);
}

void Encoder::merge_long(std::string_view piece, bulkhead::sdk::Chunked<std::uint32_t>& out) {
  merger_.merge_long(piece, out, [&](std::size_t done) { poll(piece.data() + done); });
}

void Encoder::encode_invalid(std::string_view text, std::size_t valid, TokenSink& sink) {
  const std::string_view prefix = text.substr(0, valid);
  Unstable unstable(vocabulary_, sink);
  std::vector<Part> parts;
  for (std::size_t at = 0; at < valid && !sink.full();) {
    poll(text.data() + at);
    const std::size_t end = next_piece_(prefix, at);
    const std::string_view piece = prefix.substr(at, end - at);
    parts.clear();
    if (const std::uint32_t id = vocabulary_.find(piece); id != kNoToken) {
      parts.push_back({static_cast<std::uint32_t>(piece.size()), id});
    } else {
      bulkhead::sdk::Chunked<std::uint32_t> ids;
      merge_long(piece, ids);
      ids.for_each_part([&](std::span<const std::uint32_t> some) {
        for (const std::uint32_t id : some) {
          parts.push_back({static_cast<std::uint32_t>(vocabulary_.bytes(id).size()), id});
        }
      });
    }
    unstable.add_piece(parts);
    at = end;
  }
  if (!sink.full()) encode_piece(text.substr(valid - unstable.bytes()), sink);
}

}  // namespace en_gpt2
