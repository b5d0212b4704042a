// Files that a policy or an embedder grants from the beginning: the plugin `asks` reads its model
// while it opens.
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using Catch::Matchers::Contains;

namespace {

class Asks : public BothModes {
 public:
  std::string model(Instance instance) {
    const auto answer = instance.call_json("bulkhead.command/1", "run", R"({"name": "model"})");
    return nlohmann::json::parse(answer)["output"].get<std::string>();
  }
  // The model is relative to the policy file, which lies in folder().
  void grant(const std::string& grants) {
    policy("[[rule]]\nmatch = \"asks\"\ngrants = { " + grants + " }\n");
  }
};

constexpr const char* kModel = R"(files = [{ name = "model", path = "model.txt" }])";

}  // namespace

TEST_CASE_METHOD(Asks, "a file that the policy grants is there while the plugin opens") {
  folder().write("model.txt", "of the policy");
  grant(kModel);
  CHECK(model(load("asks").open()) == "of the policy");
}

TEST_CASE_METHOD(Asks, "a file that the embedder lends lies over that of the policy") {
  folder().write("model.txt", "of the policy");
  grant(kModel);
  OpenOptions options;
  options.files["model"] = {folder().write("mine.txt", "mine").string(), FileAccess::read};
  CHECK(model(load("asks").open({}, options)) == "mine");
  CHECK(model(load("asks").open()) == "of the policy");
}

TEST_CASE_METHOD(Asks, "without a grant the error names the lines to add") {
  const Failure failure = failure_of([&] { load("asks").open(); });
  CHECK(failure.status == Status::permission_denied);
  CHECK_THAT(failure.message,
             Contains("no file 'model' was granted to this plugin for reading; to allow it, add "
                      "these lines to " +
                      host().policy_file() +
                      ", before its other rules: `[[rule]]`, `match = \"asks\"`, `grants = { files "
                      "= [{ name = \"model\", path = \"...\" }] }`"));
}

TEST_CASE_METHOD(Asks, "a grant for writing does not allow reading") {
  folder().write("model.txt", "x");
  grant(R"(files = [{ name = "model", path = "model.txt", access = "write" }])");
  CHECK(failure_of([&] { load("asks").open(); }).status == Status::permission_denied);
  CHECK(wait_for_log("grants asks the file 'model' to write, which its manifest does not ask for"));
}

TEST_CASE_METHOD(Asks, "what the manifest does not ask for is a warning with file and line") {
  folder().write("model.txt", "x");
  grant(std::string(kModel) + R"(, http = ["https://example.org", "https://a.example.org"])");
  model(load("asks").open());
  const auto warning = wait_for_log("the origin https://example.org");
  REQUIRE(warning);
  CHECK(warning->level == BH_LOG_WARN);
  CHECK_THAT(warning->text, Catch::StartsWith(host().policy_file() + ":4 grants asks the origin"));
  for (const LogRecord& record : log()) CHECK(record.text.find("a.example") == std::string::npos);
}

TEST_CASE_METHOD(TestHost, "after a crash the files that were lent are there again") {
  OpenOptions options;
  options.files["file"] = {folder().write("file.txt", "lent").string(), FileAccess::read};
  options.files["out"] = {(folder().path() / "out").string(), FileAccess::write};
  Instance tools = load("tools", Isolation::cell).open({}, options);
  const auto run = [&](const std::string& params) {
    return tools.call_json("bulkhead.command/1", "run", params);
  };
  CHECK(failure_of([&] { run(R"({"name": "die", "arguments": ["out"]})"); }).status ==
        Status::plugin_crashed);
  CHECK_THAT(run(R"({"name": "read", "arguments": ["file"]})"), Contains("lent"));
}

TEST_CASE_METHOD(Asks, "a bad name among the files that are lent is refused") {
  OpenOptions options;
  options.files["a b"] = {"x", FileAccess::read};
  CHECK(failure_of([&] { load("asks").open({}, options); }).status == Status::invalid_argument);
}
