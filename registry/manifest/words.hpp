// Text for messages: what came from a file or a variable is shown so that it can't disturb a
// terminal or a log.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::manifest {

// False where text is not UTF-8, or has control characters (a newline too) or characters that
// change the direction of writing: such a text is not shown as it is.
bool is_printable(std::string_view text);

// The same text with everything that is_printable refuses written as \n, \t, \xHH.
std::string escaped(std::string_view text);

// escaped() between single quotation marks, cut after some 80 bytes.
std::string quoted(std::string_view text);

// "a, b, c"; "none" for an empty list. Cut after 20 words.
std::string listed(const std::vector<std::string>& words);

// The candidate nearest to `word` by edit distance, or empty when none is near. Upper and lower
// case are the same here, and so are '-' and '_'.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// "; did you mean 'X'?" or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace bulkhead::manifest
