// The services http and secrets from the outside: the plugin `web` does what its caller says, in
// process and in a cell. What the host refuses on the network is tested in tests/services.
#include <cstdlib>
#include <fstream>
#include <thread>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "host/secrets/secret_store.hpp"
#include "tests/fixture/both_modes.hpp"
#include "tests/fixture/web_server.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

constexpr const char* kValue = "s3cr3t-value";

// The package `web`, asking for the origins of a server and two secrets, and a policy that grants
// all but the second http origin and the secret "none".
class Web : public BothModes {
 public:
  Web() {
    const std::string root = folder().path().string();
    ::setenv("XDG_DATA_HOME", (root + "/data").c_str(), 1);
    const fs::path from = fs::path(BULKHEAD_FAULTY_PACKAGES) / "web/1.0.0";
    const fs::path to = folder().path() / "plugins/web/1.0.0";
    fs::create_directories(to.parent_path());
    fs::copy(from, to, fs::copy_options::recursive);
    std::ofstream(to / "plugin.toml", std::ios::app)
        << "[permissions]\nhttp = [\"" << server.http() << "\", \"" << server.other() << "\", \""
        << server.https() << "\"]\nsecrets = [{ name = \"key\" }, { name = \"none\" }]\n";
    plugins(folder().path() / "plugins");
    policy("[http]\ncertificates = \"" + WebServer::certificates() +
           "\"\n[[rule]]\nmatch = \"web\"\ngrants = { http = [\"" + server.http() + "\", \"" +
           server.https() + "\"], secrets = [\"key\"] }\n");
    host::SecretStore store([](const char* name) { return std::getenv(name); });
    store.set("key", host::SecretBytes(kValue), {*manifest::Origin::parse(server.http())});
  }
  ~Web() { ::unsetenv("XDG_DATA_HOME"); }

  Instance& web() {
    if (!web_) web_.emplace(load("web").open());
    return *web_;
  }
  json run(const std::string& name, const std::vector<std::string>& arguments,
           const std::string& input = {}, const CallOptions& options = {}) {
    const json params = {{"name", name}, {"arguments", arguments}, {"input", input}};
    return json::parse(web().call_json("bulkhead.command/1", "run", params.dump(), options));
  }
  Failure refused(const std::string& name, const std::vector<std::string>& arguments,
                  const CallOptions& options = {}) {
    return failure_of([&] { run(name, arguments, {}, options); });
  }

  WebServer server;

 private:
  std::optional<Instance> web_;
};

}  // namespace

TEST_CASE_METHOD(Web, "a plugin sends a request and reads the answer") {
  const json answer = run("ask", {"POST", server.http() + "/echo?q"}, "the body");
  CHECK(answer["exitCode"] == 200);
  CHECK(answer["errors"] == server.http() + "/echo?q ");
  const auto echo = answer["output"].get<std::string>();
  CHECK(echo.find("POST /echo?q\n") == 0);
  CHECK_THAT(echo, Contains("x-test: 1") && Catch::EndsWith("\n\nthe body"));
  const json other = run("ask", {"GET", server.https() + "/status?code=503"});
  CHECK(other["exitCode"] == 503);
  CHECK(other["errors"] == server.https() + "/status?code=503 two words");
  CHECK(run("ask", {"GET", server.http() + "/size?n=3000000"})["output"] ==
        std::string(3'000'000, 'x'));
}

TEST_CASE_METHOD(Web,
                 "a secret is sent and used for signing, and its value is nowhere to be seen") {
  const json answer = run("ask", {"GET", server.http() + "/echo", "secret=key"});
  CHECK_THAT(answer["output"].get<std::string>(),
             Contains(std::string("authorization: Bearer ") + kValue));
  CHECK(run("has", {"key"})["exitCode"] == 1);
  CHECK(run("has", {"none"})["exitCode"] == 0);
  CHECK(run("has", {"other"})["exitCode"] == 0);
  // printf m | openssl dgst -sha256 -hmac prefixs3cr3t-value, and its digest as the key for "n".
  const json one = run("sign", {"key", "prefix", "m"});
  const json two = run("sign", {"key", "prefix", "m", "n"});
  CHECK(one["output"] == "4e53d42caf83f38124f583084bb0ac660bc9521c419746d47a708f1a3b300bd1");
  CHECK(two["output"] == "64e2bcd770d5667133804cc54da9e3cd5be157595d825ee693030081538e374a");
  const Failure denied = refused("sign", {"none", "", "m"});
  CHECK(denied.status == Status::permission_denied);
  CHECK_THAT(denied.message, Contains("grants = { secrets = [\"none\"] }"));
  CHECK_THAT(refused("ask", {"GET", server.https() + "/echo", "secret=key"}).message,
             Contains("may not be sent to " + server.https()) && !Contains(kValue));
  for (const LogRecord& record : log()) CHECK(record.text.find(kValue) == std::string::npos);
}

TEST_CASE_METHOD(Web, "what was not granted is refused with the lines to add") {
  const Failure failure = refused("ask", {"GET", server.other() + "/hello"});
  CHECK(failure.status == Status::permission_denied);
  CHECK_THAT(failure.message, Contains("the origin " + server.other() +
                                       " was not granted to this plugin; to allow "
                                       "it, add these lines to " +
                                       host().policy_file()) &&
                                  Contains("grants = { http = [\"" + server.other() + "\"] }"));
  CHECK(refused("ask", {"GET", "https://example.org/"}).status == Status::permission_denied);
  CHECK(refused("ask", {"GET", server.http() + "/redirect?to=" + server.other(), "redirects=3"})
            .status == Status::permission_denied);
  CHECK(refused("ask", {"GET", "file:///etc/passwd"}).status == Status::invalid_argument);
  CHECK(refused("ask", {"BREW", server.http()}).status == Status::invalid_argument);
}

TEST_CASE_METHOD(Web, "deadline and cancellation reach a request that waits") {
  CallOptions late;
  late.timeout = std::chrono::milliseconds(200);
  CHECK(refused("ask", {"GET", server.http() + "/slow-headers"}, late).status ==
        Status::deadline_exceeded);
  CHECK(refused("ask", {"GET", server.http() + "/slow-body"}, late).status ==
        Status::deadline_exceeded);
  CancelSource cancel;
  CallOptions cancelled;
  cancelled.cancel = &cancel;
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    cancel.cancel();
  });
  CHECK(refused("ask", {"GET", server.http() + "/slow-body"}, cancelled).status ==
        Status::cancelled);
  canceller.join();
  CHECK(run("ask", {"GET", server.http() + "/hello"})["output"] == "hello");
}

TEST_CASE_METHOD(Web, "an answer without end is bounded, and so are open answers") {
  CHECK(refused("ask", {"GET", server.http() + "/endless-body", "max_body=2000000"}).status ==
        Status::resource_exhausted);
  CHECK(refused("ask", {"GET", server.http() + "/endless-headers"}).status ==
        Status::resource_exhausted);
  run("hoard", {server.http() + "/size?n=10", "10"});
  CHECK(refused("hoard", {server.http() + "/size?n=10", "10"}).status ==
        Status::resource_exhausted);
}

TEST_CASE_METHOD(Web, "both modes say the same") {
  // The other mode runs the same test case: these words are what both must say.
  CHECK(refused("ask", {"GET", server.http() + "/nothing"}).message ==
        "web 1.0.0: run: the connection to " + server.http() + " broke: Empty reply from server");
}

TEST_CASE_METHOD(Web, "a cell that dies with an answer open leaves nothing behind") {
  if (!in_cell()) return;
  CHECK(refused("die", {server.http() + "/endless-body"}).status == Status::plugin_crashed);
  CHECK(run("ask", {"GET", server.http() + "/hello"})["output"] == "hello");
}

TEST_CASE_METHOD(Web, "a host that closes ends a request that waits") {
  Status status = Status::ok;
  web();
  std::thread caller([&] {
    status = refused("ask", {"GET", server.http() + "/slow-body"}).status;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  host().close();
  caller.join();
  CHECK((status == Status::unavailable || status == Status::cancelled));
}
