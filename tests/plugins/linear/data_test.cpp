// What linear refuses: options, names, data.
#include <random>
#include <catch2/catch.hpp>

#include "tests/plugins/linear/world.hpp"

namespace bulkhead::testing {
namespace {

using Catch::Matchers::Contains;

TEST_CASE_METHOD(World, "an option that is unknown, wrong or out of range is refused by name") {
  struct Row {
    Options options;
    const char* words;
  };
  const auto row = GENERATE(
      Row{{{"dimensions", 5}}, "no option \"dimensions\""}, Row{{{"dimension", 15}}, "from 16 to"},
      Row{{{"dimension", 1 << 23}}, "from 16 to"}, Row{{{"dimension", 20.5}}, "an integer"},
      Row{{{"dimension", "64"}}, "an integer"}, Row{{{"batch", 0}}, "from 1 to 1024"},
      Row{{{"batch", 16}, {"batch", 16}}, "\"batch\" is given twice"},
      Row{{{"ngram", -1}}, "from 0 to 8"}, Row{{{"words", 1}}, "a boolean"},
      Row{{{"words", false}, {"ngram", 0}}, "no tokens"}, Row{{{"learning_rate", 0}}, "above 0"},
      Row{{{"learning_rate", 1e38}}, "1e37"},
      Row{{{"learning_rate", std::numeric_limits<double>::quiet_NaN()}}, "above 0"},
      Row{{{"metrics_every", 0}}, "from 1"}, Row{{{"evaluate_every", -1}}, "from 0"},
      Row{{{"max_data_bytes", 0}}, "from 1"}, Row{{{"", 0}}, "no option \"\""});
  const Failed failed = failure([&] { trainer.open({.data = kSmall, .options = row.options}); });
  CHECK(failed.status == BH_INVALID_ARGUMENT);
  CHECK_THAT(failed.message, Contains(row.words));
}

TEST_CASE_METHOD(World, "every option is taken at its limits") {
  for (const Options& options : std::vector<Options>{{{"dimension", 16}, {"batch", 1}},
                                                     {{"dimension", 1 << 22}, {"batch", 1024}},
                                                     {{"ngram", 8}, {"words", false}},
                                                     {{"ngram", 0}},
                                                     {{"learning_rate", 1}},
                                                     {{"metrics_every", 1'000'000'000}}}) {
    const std::uint64_t run = trainer.open({.data = kSmall, .options = options});
    CHECK(trainer.step(run, 2).step == 2);
    trainer.close(run);
  }
}

TEST_CASE_METHOD(World, "a corpus is at least two files of different names") {
  const auto refused = [&](std::vector<std::string> data, const char* words) {
    const Failed failed = failure([&] { trainer.open({.data = std::move(data)}); });
    CHECK(failed.status == BH_INVALID_ARGUMENT);
    CHECK_THAT(failed.message, Contains(words));
  };
  files.readable["other/fruit"] = files.readable["fruit"];
  refused({}, "not 0");
  refused({"fruit"}, "not 1");
  refused({"fruit", "fruit"}, "class fruit");
  refused({"fruit", "other/fruit"}, "class fruit");
  refused({"fruit", ""}, "1 to 255 bytes");
  refused({"fruit", "folder/"}, "1 to 255 bytes");
  refused({"fruit", std::string(256, 'x')}, "1 to 255 bytes");
  refused(std::vector<std::string>(1025, "x"), "not 1025");
}

TEST_CASE_METHOD(World, "a class is named after the last slash") {
  files.readable["data-7/new cars"] = files.readable["car"];
  const std::uint64_t run = trainer.open({.data = {"fruit", "data-7/new cars"}});
  trainer.step(run, 100);
  CHECK(trainer.generate(run, {"wheel"}).text == "new cars");
}

TEST_CASE_METHOD(World, "a file that was not granted is permission_denied, in the host's words") {
  const Failed failed = failure([&] { trainer.open({.data = {"fruit", "secret"}}); });
  CHECK(failed.status == BH_PERMISSION_DENIED);
  CHECK_THAT(failed.message, Contains("secret"));
  CHECK(files.open_handles() == 0);
}

TEST_CASE_METHOD(World, "more data than the option allows is refused before it is read") {
  const auto size = static_cast<int>(files.readable["fruit"].size() + files.readable["car"].size());
  trainer.open({.data = kSmall, .options = {{"max_data_bytes", size}}});
  files.bytes_read = 0;
  const Failed failed = failure([&] {
    trainer.open({.data = kSmall, .options = {{"max_data_bytes", size - 1}}});
  });
  CHECK(failed.status == BH_RESOURCE_EXHAUSTED);
  CHECK_THAT(failed.message,
             Contains("max_data_bytes") && Contains("car") && Contains(std::to_string(size - 1)));
  CHECK(files.bytes_read == files.readable["fruit"].size());
}

TEST_CASE_METHOD(World, "data without samples, and lines without end, are data_invalid") {
  const auto refused = [&](std::string text, const char* words) {
    files.readable["bad"] = std::move(text);
    const Failed failed = failure([&] { trainer.open({.data = {"fruit", "bad"}}); });
    CHECK(failed.status == BH_DATA_INVALID);
    CHECK_THAT(failed.message, Contains("bad") && Contains(words));
  };
  refused("", "no line of text");
  refused("\n\r\n \t\n", "no line of text");
  refused("a\nb\n" + std::string(64 * 1024 + 1, 'x'), "Line 3");
  files.readable["bad"] = std::string(64 * 1024, 'x');  // just not too long
  trainer.open({.data = {"fruit", "bad"}});
}

TEST_CASE_METHOD(World, "too large a model is refused, with its size") {
  const Failed failed = failure([&] {
    std::vector<std::string> names;
    for (int i = 0; i < 32; ++i) {
      names.push_back("class" + std::to_string(i));
      files.readable[names.back()] = "one\n";
    }
    trainer.open({.data = names, .options = {{"dimension", 1 << 22}}});
  });
  CHECK(failed.status == BH_INVALID_ARGUMENT);
  CHECK_THAT(failed.message, Contains("134217728 weights"));
}

TEST_CASE_METHOD(World, "any bytes are text: a class of random bytes is learned") {
  std::mt19937 random(7);
  std::string bytes(60'000, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  files.readable["noise"] = bytes;
  const std::uint64_t run = trainer.open({.data = {"fruit", "noise"}});
  trainer.step(run, 400);
  CHECK(trainer.generate(run, {"an apple pie, number 3"}).text == "fruit");
  CHECK(trainer.generate(run, {std::string_view("\xff\0\x01\x80", 4)}).text == "noise");
}

TEST_CASE_METHOD(World, "a file that shrinks or grows while it is read does no harm") {
  for (const bool grows : {false, true}) {
    files.on_read = [&](std::string& text, std::uint64_t) {
      if (grows) {
        text += "more\n";
      } else {
        text.resize(text.size() / 2);
      }
    };
    const std::uint64_t run = trainer.open({.data = kSmall});
    files.on_read = nullptr;
    CHECK(trainer.step(run, 10).step == 10);
  }
}

TEST_CASE_METHOD(World, "one sample each is enough to take steps; nothing is held out then") {
  files.readable["x"] = "one";
  files.readable["y"] = "two";
  const std::uint64_t run = trainer.open({.data = {"x", "y"}, .options = {{"evaluate_every", 1}}});
  CHECK(trainer.step(run, 40).step == 40);
  for (const Point& point : trainer.metrics(run)) CHECK(point.name == "loss");
  CHECK(trainer.generate(run, {"two"}).text == "y");
}

TEST_CASE_METHOD(World, "opening a run can be cancelled") {
  files.readable["long"] = std::string(2'000'000, 'x');
  for (std::size_t i = 0; i < 2'000'000; i += 50) files.readable["long"][i] = '\n';
  TestCall call;
  files.on_read = [&](std::string&, std::uint64_t offset) {
    if (offset > 0) call.cancel();
  };
  CHECK(failure([&] { trainer.open(call, {.data = {"fruit", "long"}}); }).status == BH_CANCELLED);
  CHECK(files.open_handles() == 0);
}

}  // namespace
}  // namespace bulkhead::testing
