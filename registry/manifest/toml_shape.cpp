#include "registry/manifest/toml_shape.hpp"

#include <algorithm>

namespace bulkhead::manifest {
namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::optional<ShapeProblem> run() {
    while (at_ < text_.size() && !problem_) step();
    return std::move(problem_);
  }

 private:
  void step() {
    const char c = text_[at_];
    switch (c) {
      case '#':
        at_ = std::min(text_.find('\n', at_), text_.size());
        return;
      case '"':
      case '\'':
        skip_string(c);
        return;
      case '\n':
        dots_ = 0;
        break;
      case '.':
        if (++dots_ >= kDeepestToml) report_depth();
        break;
      case '[':
      case '{':
        dots_ = 0;
        if (++open_ > kDeepestToml) report_depth();
        count();
        break;
      case ']':
      case '}':
        dots_ = 0;
        if (open_ > 0) --open_;
        break;
      case '=':
      case ',':
        dots_ = 0;
        count();
        break;
      default:
        break;
    }
    ++at_;
  }

  // As TOML++ reads them: a string of three quotation marks may hold one or two of them, also right
  // before its end; a string on one line ends with the line, which is an error in the parser.
  void skip_string(char quote) {
    const std::string three(3, quote);
    const bool escapes = quote == '"';
    if (text_.substr(at_, 3) == three) {
      at_ += 3;
      for (; at_ < text_.size(); ++at_) {
        if (escapes && text_[at_] == '\\') {
          ++at_;
        } else if (text_.substr(at_, 3) == three) {
          at_ += 3;
          for (int extra = 0; extra < 2 && text_.substr(at_, 1) == three.substr(0, 1); ++extra)
            ++at_;
          return;
        }
      }
      return;
    }
    for (++at_; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
      if (text_[at_] == quote) {
        ++at_;
        return;
      }
      const bool escaped = escapes && text_[at_] == '\\' && text_.substr(at_ + 1, 1) != "\n";
      if (escaped) ++at_;
    }
  }

  void count() {
    if (++entries_ > kMostTomlEntries) {
      report("more than " + std::to_string(kMostTomlEntries) + " keys and values");
    }
  }

  void report_depth() {
    report("tables and arrays are nested deeper than " + std::to_string(kDeepestToml) + " levels");
  }

  void report(std::string sentence) {
    const std::string_view before = text_.substr(0, at_);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    const std::string_view in_line = before.substr(line_start);
    const auto column = 1 + std::count_if(in_line.begin(), in_line.end(), [](char c) {
                          return (static_cast<unsigned char>(c) & 0xC0u) != 0x80;
                        });
    problem_ = {static_cast<unsigned>(line), static_cast<unsigned>(column), std::move(sentence)};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  unsigned dots_ = 0, open_ = 0, entries_ = 0;
  std::optional<ShapeProblem> problem_;
};

}  // namespace

std::optional<ShapeProblem> find_shape_problem(std::string_view text) {
  return Scanner(text).run();
}

}  // namespace bulkhead::manifest
