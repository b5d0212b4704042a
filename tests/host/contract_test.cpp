// Plugins that break the contract of a call: the same typed error in both modes, never their bytes.
#include <catch2/catch.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using Catch::Matchers::Contains;

TEST_CASE_METHOD(TestHost, "a result that breaks the contract is a protocol error in both modes") {
  const auto how = GENERATE("huge", "overflow", "beyond", "foreign", "wild", "null", "before");
  DYNAMIC_SECTION("ids: " << how) {
    const auto [here, there] = in_both([&](Isolation isolation) {
      const CodecClient codec = this->codec("garbage_sizes", isolation);
      const Failure failure = failure_of([&] { codec.encode(how); });
      CHECK(codec.encode("good").size() == 16);  // the next result is judged anew
      return failure;
    });
    CHECK(here.status == Status::protocol_error);
    CHECK_THAT(here.message, Contains("garbage_sizes") && Contains("encode"));
    CHECK(here == there);
  }
}

TEST_CASE_METHOD(TestHost, "offsets that break the contract are a protocol error in both modes") {
  const auto how = GENERATE("descending", "past the end", "late start", "too many", "no offsets");
  DYNAMIC_SECTION("offsets: " << how) {
    const auto [here, there] = in_both([&](Isolation isolation) {
      const CodecClient codec = this->codec("garbage_sizes", isolation);
      const Failure failure = failure_of([&] { codec.tokenize(how); });
      CHECK(codec.tokenize("good") == std::vector<std::string>{"xxxx", "xxxx"});
      return failure;
    });
    CHECK(here.status == Status::protocol_error);
    CHECK(here == there);
  }
}

TEST_CASE_METHOD(TestHost, "offsets that were asked for and not given are a protocol error") {
  const auto [here, there] = in_both([&](Isolation isolation) {
    const CodecClient codec = this->codec("garbage_sizes", isolation);
    return failure_of([&] { codec.encode_with_offsets("good"); });
  });
  CHECK(here.status == Status::protocol_error);
  CHECK(here == there);
}

TEST_CASE_METHOD(TestHost, "more answers than questions in a batch are a protocol error") {
  const auto [here, there] = in_both([&](Isolation isolation) {
    const std::vector<std::string_view> texts = {"a", "b"};
    return failure_of([&] { codec("garbage_sizes", isolation).encode_batch(texts); });
  });
  CHECK(here.status == Status::protocol_error);
  CHECK(here == there);
  const auto [json_here, json_there] = in_both([&](Isolation isolation) {
    Instance instance = load("garbage_sizes", isolation).open();
    return failure_of(
        [&] { instance.call_json(BH_CODEC_1, "encode_batch", R"({"texts": ["a", "b"]})"); });
  });
  CHECK(json_here == here);
  CHECK(json_there == here);
}

TEST_CASE_METHOD(TestHost, "a status that no header names is an internal error in both modes") {
  const auto how = GENERATE("status", "negative");
  DYNAMIC_SECTION(how) {
    const auto [here, there] = in_both([&](Isolation isolation) {
      return failure_of([&] { codec("garbage_sizes", isolation).encode(how); });
    });
    CHECK(here.status == Status::internal);
    CHECK(here == there);
  }
}

TEST_CASE_METHOD(TestHost, "a result beyond the output limit is out of memory in both modes") {
  const auto how = GENERATE("at once", "many");
  DYNAMIC_SECTION(how) {
    policy("[limits]\noutput = \"64 MiB\"\n");
    const auto [here, there] = in_both([&](Isolation isolation) {
      return failure_of([&] { codec("big_output", isolation).encode(how); });
    });
    CHECK(here.status == Status::out_of_memory);
    CHECK_THAT(here.message, Contains("the call gave no more memory") && Contains("big_output"));
    CHECK(here == there);
  }
}

TEST_CASE_METHOD(TestHost,
                 "an exception stays in the plugin and becomes the same error in both modes") {
  struct Thrown {
    const char* what;
    Status status;
    const char* words;
  };
  const auto thrown = GENERATE(
      Thrown{"runtime_error", Status::internal, "the sky is falling"},
      Thrown{"bad_alloc", Status::out_of_memory, "memory"},
      Thrown{"int", Status::internal, "exception"}, Thrown{"struct", Status::internal, "exception"},
      Thrown{"plugin_error", Status::not_found, "there is no such word"},
      Thrown{"special", Status::disallowed_special, "that word is special"},
      Thrown{"long", Status::internal, "xxxxxxxx"},
      Thrown{"binary", Status::internal, "not \\xff\\xfe UTF-8"},
      Thrown{"terminal", Status::internal, "\\x1b[2Jevil\\nbulkhead: fake\\x9b"});
  DYNAMIC_SECTION("it throws " << thrown.what) {
    const auto [here, there] = in_both([&](Isolation isolation) {
      return failure_of([&] { codec("throws", isolation).encode(thrown.what); });
    });
    CHECK(here.status == thrown.status);
    CHECK_THAT(here.message, Contains(thrown.words) && Contains("throws"));
    CHECK(here.message.size() < 5000);
    CHECK(here == there);
  }
}

TEST_CASE_METHOD(TestHost, "an open that the plugin refuses is the same error in both modes") {
  const auto [here, there] = in_both([&](Isolation isolation) {
    Plugin plugin = load("refuse_open", isolation);
    return failure_of([&] { plugin.open(); });
  });
  CHECK(here.status == Status::data_invalid);
  CHECK_THAT(here.message, Contains("refuse_open") && Contains("the moon is in the wrong phase"));
  CHECK(here == there);
}

TEST_CASE_METHOD(TestHost, "a promised interface that is missing is the same error in both modes") {
  const auto [here, there] = in_both([&](Isolation isolation) {
    return failure_of([&] { codec("no_interface", isolation).count("text"); });
  });
  CHECK(here.status == Status::unsupported);
  CHECK_THAT(here.message, Contains("no_interface") && Contains("bulkhead.codec/1"));
  CHECK(here == there);
}

TEST_CASE_METHOD(TestHost, "an open that hangs is ended with its cell at the start timeout") {
  policy("[limits]\nstart_timeout = \"1 s\"\ngrace = \"100 ms\"\n");
  Plugin plugin = load("hang_open", Isolation::cell);
  const Failure failure = failure_of([&] { plugin.open(); });
  CHECK(failure.status == Status::deadline_exceeded);
  CHECK_THAT(failure.message, Contains("hang_open"));
}

TEST_CASE_METHOD(TestHost, "a plugin that obeys its deadline says so in both modes") {
  CallOptions options;
  options.timeout = std::chrono::milliseconds(20);
  const auto [here, there] = in_both([&](Isolation isolation) {
    const CodecClient codec = this->codec("throws", isolation);
    return failure_of([&] { codec.encode("until stopped", {}, options); });
  });
  CHECK(here.status == Status::deadline_exceeded);
  CHECK_THAT(here.message, Contains("The deadline of the call has passed."));
  CHECK(here == there);
}
