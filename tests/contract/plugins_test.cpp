// Plugins that were built against a released contract, in the host of today.
#include <catch2/catch.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using Ids = CodecClient::Ids;

namespace {

// One in C, one with the C++ classes of that day; they do the same.
class Contract : public BothModes {
 public:
  Contract() : id_(GENERATE("contract_1_0_c", "contract_1_0_cpp")) {
    UNSCOPED_INFO("plugin: " << id_);
    plugins(BULKHEAD_CONTRACT_PACKAGES);
  }
  CodecClient codec(const Config& config = {}) { return BothModes::codec(id_, config); }

 private:
  std::string id_;
};

}  // namespace

TEST_CASE_METHOD(Contract, "a plugin of contract 1.0 encodes and decodes") {
  const CodecClient client = codec();
  CHECK(client.encode("Hi!") == Ids{72, 105, 33});
  CHECK(client.decode(Ids{72, 105, 33}) == "Hi!");
  CHECK(client.encode("").empty());
  CHECK(client.decode({}).empty());
  CHECK(client.count("Hi!") == 3);
  CHECK(client.tokenize("Hi") == std::vector<std::string>{"H", "i"});
}

TEST_CASE_METHOD(Contract, "a plugin of contract 1.0 is given its options") {
  const CodecClient client = codec();
  const Encoding cut = client.encode_with_offsets("abcd", {.special = {}, .max_tokens = 2});
  CHECK(cut.ids == Ids{97, 98});
  CHECK(cut.offsets == std::vector<std::uint64_t>{0, 1, 2});
  CHECK(cut.truncated);
  EncodeOptions strict;
  strict.special.disallow_all = true;
  const Failure failure = failure_of([&] { client.encode("a<b", strict); });
  CHECK(failure.status == Status::disallowed_special);
  CHECK(failure.contains("the special token <"));
}

TEST_CASE_METHOD(Contract, "a plugin of contract 1.0 answers batches and streams") {
  const CodecClient client = codec();
  const std::vector<std::string_view> texts = {"ab", "", "c"};
  const std::vector<Ids> ids = {{97, 98}, {}, {99}};
  CHECK(client.encode_batch(texts) == ids);
  CHECK(client.decode_batch(ids) == std::vector<std::string>{"ab", "", "c"});
  DecodeStream stream = client.decode_stream();
  CHECK(stream.push(Ids{97, 98}) == "ab");
  CHECK(stream.push(Ids{99}) == "c");
  CHECK(stream.finish().empty());
  CHECK(client.encode_async("ab").get() == Ids{97, 98});  // its table has no submit
}

TEST_CASE_METHOD(Contract, "a plugin of contract 1.0 gets its configuration and the services") {
  const CodecClient client = codec({{"first_id", std::int64_t{1000}}});
  CHECK(client.encode("A") == Ids{1065});
  CHECK(client.decode(Ids{1065}) == "A");
  CHECK(wait_for_log("the pinned codec speaks"));
  const CodecInfo info = client.info();
  CHECK(info.name == "bytes");
  CHECK(info.languages == "mul");
  CHECK(info.vocabulary == 256);
  CHECK(info.max_id == 1255);
  CHECK(info.max_token_bytes == 1);
  REQUIRE(info.special.size() == 1);
  CHECK(info.special[0].text == "<");
  CHECK(info.special[0].id == 1060);
}

TEST_CASE_METHOD(Contract, "an error and the progress of a plugin of contract 1.0 arrive") {
  const CodecClient client = codec();
  const Failure failure = failure_of([&] { client.decode(Ids{97, 256}); });
  CHECK(failure.status == Status::invalid_argument);
  CHECK(failure.contains("an id is no byte"));
  std::uint64_t done = 0, total = 0;
  CallOptions options;
  options.progress = [&](std::uint64_t now, std::uint64_t all) {
    done = now;
    total = all;
  };
  client.encode("abc", {}, options);
  CHECK(done == 3);
  CHECK(total == 3);
}
