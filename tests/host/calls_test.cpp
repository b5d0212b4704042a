// Calls that go well: the same in both modes.
#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <numeric>
#include <thread>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using Catch::Matchers::Contains;

TEST_CASE_METHOD(BothModes, "every method of a codec gives its result") {
  const CodecClient codec = this->codec("null_codec");
  CHECK(codec.encode("some text").empty());
  CHECK(codec.encode_with_offsets("some text").offsets == std::vector<std::uint64_t>{0});
  CHECK(codec.decode(std::vector<std::uint32_t>{1, 2, 3}).empty());
  CHECK(codec.tokenize("some text").empty());
  CHECK(codec.count("some text") == 9);
  const std::vector<std::string_view> texts = {"a", "b", "c"};
  CHECK(codec.encode_batch(texts) == std::vector<CodecClient::Ids>(3));
  const std::vector<CodecClient::Ids> ids(2);
  CHECK(codec.decode_batch(ids) == std::vector<std::string>(2));
  CHECK(codec.info().name == "null");
  CHECK(codec.info().languages == "mul");
  DecodeStream stream = codec.decode_stream();
  CHECK(stream.push(std::vector<std::uint32_t>{1}).empty());
  CHECK(stream.finish().empty());
}

TEST_CASE_METHOD(BothModes, "an empty input is an input") {
  const CodecClient codec = this->codec("null_codec");
  CHECK(codec.encode("").empty());
  CHECK(codec.count("") == 0);
  CHECK(codec.decode({}).empty());
  CHECK(codec.encode_batch({}).empty());
  CHECK(codec.decode_batch({}).empty());
}

TEST_CASE_METHOD(BothModes, "a call may be larger than any buffer on the way") {
  const CodecClient codec = this->codec("null_codec");
  const std::string text(20'000'000, 'x');
  CHECK(codec.count(text) == text.size());
}

TEST_CASE_METHOD(BothModes, "a call answers with the bytes that it was asked with") {
  const CodecClient codec = this->codec("null_codec");
  const std::string text = std::string("\0\xff\xfe middle \0", 12);
  CHECK(codec.count(text) == 12);
}

TEST_CASE_METHOD(BothModes, "the configuration reaches the plugin, checked and with its defaults") {
  Plugin plugin = load("echo_config");
  const auto echo = [&](const Config& config) { return plugin.codec(config).decode({}); };
  CHECK(echo({}) == "colour=red\ndepth=3\nloud=false\nname=nobody\nratio=0.5\n");
  CHECK(echo({{"name", std::string("A \xc3\xbc")},
              {"depth", std::int64_t{7}},
              {"loud", true},
              {"ratio", 0.25},
              {"colour", std::string("blue")}}) ==
        "colour=blue\ndepth=7\nloud=true\nname=A \xc3\xbc\nratio=0.25\n");
  // Text is converted to the type of its key.
  CHECK(echo({{"depth", std::string("9")}, {"loud", std::string("true")}}) ==
        "colour=red\ndepth=9\nloud=true\nname=nobody\nratio=0.5\n");
}

TEST_CASE_METHOD(BothModes, "a wrong configuration is an error that names the key") {
  Plugin plugin = load("echo_config");
  const auto refusal = [&](const Config& config) {
    return failure_of([&] { plugin.open(config); });
  };
  const Failure unknown = refusal({{"color", std::string("red")}});
  CHECK(unknown.status == Status::invalid_argument);
  CHECK(unknown.message.find("echo_config 1.0.0") == unknown.message.rfind("echo_config 1.0.0"));
  CHECK_THAT(unknown.message, Contains("color") && Contains("colour") && Contains("echo_config"));
  CHECK_THAT(refusal({{"colour", std::string("mauve")}}).message,
             Contains("colour") && Contains("mauve") && Contains("green"));
  CHECK_THAT(refusal({{"depth", std::int64_t{11}}}).message, Contains("depth") && Contains("10"));
  CHECK(refusal({{"loud", std::string("maybe")}}).status == Status::invalid_argument);
}

TEST_CASE_METHOD(BothModes, "instances of one plugin do not know each other") {
  Plugin plugin = load("echo_config");
  const CodecClient first = plugin.codec({{"name", std::string("first")}});
  const CodecClient second = plugin.codec({{"name", std::string("second")}});
  CHECK_THAT(first.decode({}), Contains("name=first"));
  CHECK_THAT(second.decode({}), Contains("name=second"));
}

TEST_CASE_METHOD(BothModes, "handles keep alive what they need") {
  std::optional<CodecClient> codec;
  {
    Plugin plugin = load("null_codec");
    Instance instance = plugin.open();
    codec.emplace(instance);
  }
  CHECK(codec->count("still there") == 11);
}

TEST_CASE_METHOD(BothModes,
                 "progress arrives in order, ends at the total, and on the caller's thread") {
  const CodecClient codec = this->codec("slow");
  std::vector<std::uint64_t> steps;
  const std::thread::id caller = std::this_thread::get_id();
  bool elsewhere = false;
  CallOptions options;
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    steps.push_back(done);
    elsewhere |= total != 10 || std::this_thread::get_id() != caller;
  };
  codec.encode("300", {}, options);
  CHECK(!elsewhere);
  REQUIRE(!steps.empty());  // the host may thin it out
  CHECK(std::is_sorted(steps.begin(), steps.end()));
  CHECK(std::adjacent_find(steps.begin(), steps.end()) == steps.end());
  CHECK(steps.back() == 10);
}

TEST_CASE_METHOD(BothModes, "progress of a call with a deadline comes on the caller's thread too") {
  const CodecClient codec = this->codec("slow");
  std::vector<std::uint64_t> steps;
  const std::thread::id caller = std::this_thread::get_id();
  bool elsewhere = false;
  CallOptions options;
  options.timeout = std::chrono::hours(1);
  options.progress = [&](std::uint64_t done, std::uint64_t) {
    steps.push_back(done);
    elsewhere |= std::this_thread::get_id() != caller;
  };
  codec.encode("300", {}, options);
  CHECK(!elsewhere);
  REQUIRE(!steps.empty());
  CHECK(std::is_sorted(steps.begin(), steps.end()));
  CHECK(steps.back() == 10);
}

TEST_CASE_METHOD(BothModes, "a future gives the result, or throws the error") {
  const CodecClient codec = this->codec("slow");
  std::future<CodecClient::Ids> result = codec.encode_async("20");
  CHECK(result.get() == CodecClient::Ids{20});

  const CodecClient bad = this->codec("throws");
  std::future<CodecClient::Ids> error = bad.encode_async("runtime_error");
  const Failure failure = failure_of([&] { error.get(); });
  CHECK(failure.status == Status::internal);
  CHECK_THAT(failure.message, Contains("the sky is falling") && Contains("throws"));
}

TEST_CASE_METHOD(BothModes, "a callback runs once, with the outcome") {
  const CodecClient codec = this->codec("slow");
  std::mutex mutex;
  std::vector<Outcome<CodecClient::Ids>> outcomes;
  std::atomic<int> runs = 0;
  codec.encode_async("15", {}, {}, [&](Outcome<CodecClient::Ids> outcome) {
    const std::lock_guard lock(mutex);
    outcomes.push_back(std::move(outcome));
    ++runs;
  });
  REQUIRE(eventually([&] { return runs == 1; }));
  const CodecClient bad = this->codec("throws");
  bad.decode_async(std::vector<std::uint32_t>{1}, {}, [&](Outcome<std::string> outcome) {
    const std::lock_guard lock(mutex);
    outcomes.push_back({outcome.status, outcome.message, {}});
    ++runs;
  });
  REQUIRE(eventually([&] { return runs == 2; }));
  close();
  CHECK(runs == 2);
  CHECK(outcomes[0].status == Status::ok);
  CHECK(outcomes[0].value == CodecClient::Ids{15});
  CHECK(outcomes[1].status == Status::internal);
  CHECK_THAT(outcomes[1].message, Contains("decode of nothing"));
}

TEST_CASE_METHOD(BothModes, "the text of an asynchronous call is the caller's again at once") {
  const CodecClient codec = this->codec("slow");
  auto text = std::make_unique<std::string>("30");
  std::future<CodecClient::Ids> result = codec.encode_async(*text);
  text->assign(1000, 'z');
  text.reset();
  CHECK(result.get() == CodecClient::Ids{30});
}

TEST_CASE_METHOD(BothModes, "a thousand calls in flight all complete, each with its own answer") {
  const CodecClient codec = this->codec("slow");
  std::vector<std::future<CodecClient::Ids>> results;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    results.push_back(codec.encode_async(std::to_string(i % 20)));
  }
  for (std::uint32_t i = 0; i < 1000; ++i) {
    REQUIRE(results[i].get() == CodecClient::Ids{i % 20});
  }
}

TEST_CASE_METHOD(BothModes, "a call above the in-flight limit is refused at once") {
  policy("[limits]\nin_flight = 4\n");
  const CodecClient codec = this->codec("spin");
  const CancelSource cancel;
  CallOptions options;
  options.cancel = &cancel;
  std::vector<std::future<std::string>> running;
  for (int i = 0; i < 4; ++i) running.push_back(codec.decode_async({}, options));
  // These four end only when they are told to: the refusals did not wait for them.
  // In process a call without a time limit of its own runs on its caller's thread, unlimited.
  CallOptions attended;
  attended.timeout = std::chrono::hours(1);
  const Failure synchronous = failure_of([&] { codec.count("text", {}, attended); });
  const Failure asynchronous = failure_of([&] { codec.decode_async({}); });
  CHECK(synchronous.status == Status::overloaded);
  CHECK_THAT(synchronous.message, Contains("spin") && Contains("4"));
  CHECK(asynchronous.status == Status::overloaded);
  CancelSource(cancel).cancel();
  for (auto& result : running) CHECK(failure_of([&] { result.get(); }).status == Status::cancelled);
  CHECK(codec.count("text") == 4);  // there is room again
}

TEST_CASE_METHOD(BothModes, "the limit of the whole host counts the calls of all its plugins") {
  policy("[limits]\nin_flight_total = 3\n");
  const CodecClient spin = this->codec("spin"), null = this->codec("null_codec");
  const CancelSource cancel;
  CallOptions options;
  options.cancel = &cancel;
  std::vector<std::future<std::string>> running;
  for (int i = 0; i < 3; ++i) running.push_back(spin.decode_async({}, options));
  const Failure failure = failure_of([&] { null.encode_async("text"); });
  CHECK(failure.status == Status::overloaded);
  CancelSource(cancel).cancel();
  for (auto& result : running) CHECK(failure_of([&] { result.get(); }).status == Status::cancelled);
}

TEST_CASE_METHOD(BothModes, "a method is called by name, with JSON in and out") {
  Instance instance = load("null_codec").open();
  const auto answer = nlohmann::json::parse(
      instance.call_json("bulkhead.codec/1", "count", R"({"text": "seven !"})"));
  CHECK(answer.at("count") == 7);
  const Failure method = failure_of([&] { instance.call_json("bulkhead.codec/1", "cuont", "{}"); });
  CHECK_THAT(method.message, Contains("cuont"));
  const Failure interface =
      failure_of([&] { instance.call_json("bulkhead.codex/1", "count", "{}"); });
  CHECK_THAT(interface.message, Contains("bulkhead.codex/1"));
  const Failure json = failure_of([&] { instance.call_json("bulkhead.codec/1", "count", "{"); });
  CHECK(json.status == Status::invalid_argument);
}

TEST_CASE_METHOD(BothModes, "an instance has the tables that it offers and no other") {
  const Instance instance = load("null_codec").open();
  CHECK(instance.interface(BH_CODEC_1) != nullptr);
  CHECK(instance.handle() != nullptr);
  CHECK(instance.interface("bulkhead.codec/2") == nullptr);
  CHECK(instance.interface("") == nullptr);
}

TEST_CASE_METHOD(TestHost, "of several versions side by side the highest in the range is taken") {
  const auto version = [&](const std::string& range) {
    return load("null_codec", Isolation::cell, range).info().version;
  };
  CHECK(version("*") == "1.5.0");  // a prerelease is taken only when asked for
  CHECK(version("1.0.0") == "1.0.0");
  CHECK(version("^1.0") == "1.5.0");
  CHECK(version("<1.5") == "1.0.0");
  CHECK(version(">=2.0.0-rc.0") == "2.0.0-rc.1");
  const Failure failure = failure_of([&] { version("^3"); });
  CHECK(failure.status == Status::not_found);
  CHECK_THAT(failure.message, Contains("null_codec") && Contains("^3") && Contains("1.5.0"));
  CHECK(failure_of([&] { version("one"); }).status == Status::invalid_argument);
}

TEST_CASE_METHOD(TestHost, "an unknown plugin is an error that says where it looked") {
  const Failure failure = failure_of([&] { load("no_such_plugin", Isolation::cell); });
  CHECK(failure.status == Status::not_found);
  CHECK_THAT(failure.message, Contains("no_such_plugin") && Contains("packages"));
}

TEST_CASE_METHOD(TestHost, "the policy chooses the isolation, and the program may choose another") {
  policy("[[rule]]\nmatch = \"null_*\"\nisolation = \"in-process\"\n");
  CHECK(host().load("slow").isolation() == Isolation::cell);  // the default
  Plugin plugin = host().load("null_codec");
  CHECK(plugin.isolation() == Isolation::in_process);
  CHECK(plugin.process() == 0);
  CHECK(plugin.level().number == 0);
  CHECK(load("null_codec", Isolation::cell).isolation() == Isolation::cell);
}

TEST_CASE_METHOD(TestHost, "a plugin in process never satisfies a minimum level") {
  LoadOptions options;
  options.isolation = Isolation::in_process;
  options.minimum_level = 1;
  const Failure failure = failure_of([&] { host().load("null_codec", options); });
  CHECK(failure.status == Status::permission_denied);
  CHECK_THAT(failure.message, Contains("null_codec") && Contains("level"));
}

TEST_CASE_METHOD(TestHost, "a level that this machine does not give is refused, with the reason") {
  Plugin plugin = load("null_codec", Isolation::cell);
  const Level level = plugin.level();
  CHECK(plugin.process() > 0);
  if (level.number == 3) return;
  CHECK(!level.missing.empty());
  LoadOptions options;
  options.isolation = Isolation::cell;
  options.minimum_level = 3;
  const Failure failure = failure_of([&] { host().load("null_codec", options); });
  CHECK(failure.status == Status::permission_denied);
  CHECK_THAT(failure.message, Contains("3") && Contains(std::to_string(level.number)) &&
                                  Contains("the application demands") &&
                                  Contains("; missing: " + level.missing.front()));
}

TEST_CASE_METHOD(TestHost, "a package has the same hash in both modes") {
  const auto [here, there] =
      in_both([&](Isolation isolation) { return load("null_codec", isolation).package_hash(); });
  CHECK(here == there);
  CHECK(here.size() == 64);
  CHECK(here != load("slow", Isolation::cell).package_hash());
}
