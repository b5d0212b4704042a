// Tests of @NAME@ without a host: the library is loaded directly.
#include <bulkhead/testing/codec.hpp>

#include <string>

using namespace bulkhead::testing;

int main(int, char** arguments) {
  PluginLibrary library(arguments[1]);
  TestServices services("");  // the folder of its data, if it has some
  const TestCodec codec(library, services);

  Checks checks;
  const std::string text = "Hello, 世界";
  checks.that(codec.decode(codec.encode(text)) == text, "decode(encode(text)) is the text");
  checks.that(codec.encode("").empty(), "an empty text has no tokens");
  const Ids strange = {1u << 31};
  checks.fails(
      BH_INVALID_ARGUMENT, [&] { codec.decode(strange); },
      "an id that is not in the vocabulary is refused");
  return checks.outcome();
}
