// What the host does for a plugin on the network, and what it does not.
#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <bulkhead/abi/draft/http.h>

#include <atomic>
#include <cstdlib>
#include <thread>
#include <catch2/catch.hpp>

#include "host/services/http_client.hpp"
#include "tests/fixture/web_server.hpp"
#include "tests/services/access.hpp"

using namespace bulkhead::host;
using namespace bulkhead::test;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kValue = "s3cr3t-value";

bh_status go_on() { return BH_OK; }

// Says that the deadline has passed, after so many questions.
ShouldStop after(int questions, bh_status why = BH_DEADLINE_EXCEEDED) {
  return [left = std::make_shared<int>(questions), why] { return --*left < 0 ? why : BH_OK; };
}

class Web {
 public:
  WebServer server;
  Vault vault;
  HttpAnswer answer;
  ServiceOutcome outcome;

  // By default the first origin and that of https are granted, and the secret "key" of the first.
  void grant(const std::vector<std::string>& origins) {
    access_ = access_to(origins, {"key", "gone"});
    client_ = std::make_unique<HttpClient>(
        access_, std::make_shared<GrantedSecrets>(access_, vault.store()), certificates);
  }
  HttpClient& client() {
    if (client_ == nullptr) grant({server.http(), server.https()});
    return *client_;
  }
  bh_status ask(const HttpRequest& request, const ShouldStop& stop = go_on) {
    outcome = client().request(request, stop, answer);
    return outcome.status;
  }
  bh_status get(const std::string& url, unsigned redirects = 0, const ShouldStop& stop = go_on) {
    HttpRequest request;
    request.method = "GET";
    request.url = url;
    request.redirects = redirects;
    return ask(request, stop);
  }
  // The rest of the body; what went wrong is in `outcome`.
  std::string body(const ShouldStop& stop = go_on) {
    std::string all, piece;
    bool end = false;
    while (!end) {
      outcome = client().read(answer.response, all.size(), BH_HTTP_MAX_PIECE, stop, piece, end);
      if (outcome.status != BH_OK) break;
      all += piece;
    }
    return all;
  }
  std::string header(const std::string& name) const {
    for (const auto& header : answer.headers)
      if (header.name == name) return header.value;
    return {};
  }
  HttpRequest with_secret(const std::string& url) const {
    HttpRequest request;
    request.method = "GET";
    request.url = url;
    request.secret_header = "Authorization";
    request.secret_prefix = "Bearer ";
    request.secret = "key";
    return request;
  }

  std::string certificates = WebServer::certificates();

 private:
  std::shared_ptr<const PluginAccess> access_;
  std::unique_ptr<HttpClient> client_;
};

}  // namespace

TEST_CASE_METHOD(Web, "a request of each method goes as it was asked for") {
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    HttpRequest request;
    request.method = method;
    request.url = server.http() + "/echo?a=b%20c";
    request.headers = {{"X-One", "1"}, {"X-Empty", ""}, {"Accept", "text/plain"}};
    if (std::string(method) != "GET") request.body = std::string("\0binary\xff", 8);
    REQUIRE(ask(request) == BH_OK);
    CHECK(answer.status == 200);
    CHECK(answer.url == request.url);
    const std::string echo = body();
    INFO(echo);
    CHECK(echo.find(std::string(method) + " /echo?a=b%20c\naccept: text/plain\n") == 0);
    CHECK(echo.find("\nx-empty: \nx-one: 1\n\n" + request.body) != std::string::npos);
    CHECK(echo.find("content-type") == std::string::npos);
    CHECK(echo.find("expect") == std::string::npos);
    CHECK(echo.find("accept-encoding") == std::string::npos);
  }
  HttpRequest head;
  head.method = "HEAD";
  head.url = server.http() + "/size?n=1000";
  REQUIRE(ask(head) == BH_OK);
  CHECK(header("content-length") == "1000");
  CHECK(body().empty());
  CHECK(outcome.status == BH_OK);
}

TEST_CASE_METHOD(Web, "a status of HTTP is an answer") {
  REQUIRE(get(server.http() + "/status?code=404") == BH_OK);
  CHECK(answer.status == 404);
  CHECK(header("x-name") == "two words");
  CHECK(body() == "so be it");
}

TEST_CASE_METHOD(Web, "a large body comes in pieces, in order") {
  REQUIRE(get(server.http() + "/size?n=5000000") == BH_OK);
  CHECK(body() == std::string(5'000'000, 'x'));
  CHECK(outcome.status == BH_OK);
  std::string piece;
  bool end = false;
  CHECK(client().read(answer.response, 5'000'000, 10, go_on, piece, end).status == BH_NOT_FOUND);
}

TEST_CASE_METHOD(Web, "a body is read from where it stands, one piece after the other") {
  REQUIRE(get(server.http() + "/size?n=100") == BH_OK);
  std::string piece;
  bool end = false;
  const auto read = [&](std::uint64_t position, std::size_t max) {
    return client().read(answer.response, position, max, go_on, piece, end).status;
  };
  CHECK(read(1, 10) == BH_INVALID_ARGUMENT);
  REQUIRE(read(0, 10) == BH_OK);
  CHECK(piece.size() == 10);
  CHECK(read(0, 10) == BH_INVALID_ARGUMENT);
  CHECK(read(10, 0) == BH_INVALID_ARGUMENT);
  CHECK(read(10, BH_HTTP_MAX_PIECE + 1) == BH_INVALID_ARGUMENT);
  client().close(answer.response);
  client().close(answer.response);
  CHECK(read(10, 10) == BH_NOT_FOUND);
  CHECK(client().read(999, 0, 10, go_on, piece, end).status == BH_NOT_FOUND);
}

TEST_CASE_METHOD(Web, "an origin that was not granted does not exist") {
  CHECK(get(server.other() + "/hello") == BH_PERMISSION_DENIED);
  CHECK_THAT(outcome.message, Contains("the origin " + server.other() +
                                       " was not granted to this plugin; one does not ask for"));
  grant({"https://*.example.org"});
  CHECK(get("https://example.org/") == BH_PERMISSION_DENIED);
  CHECK(get("https://a.b.example.org/") == BH_PERMISSION_DENIED);
  CHECK(get("http://a.example.org/") == BH_PERMISSION_DENIED);
  CHECK(get("https://a.example.org:444/") == BH_PERMISSION_DENIED);
  CHECK(get("https://example.org.evil.org/") == BH_PERMISSION_DENIED);
}

TEST_CASE_METHOD(Web, "a URL has one reading: what could have two is refused") {
  const std::string port = server.port();
  for (const std::string& url :
       std::vector<std::string>{"",
                                "/hello",
                                "hello",
                                "ftp://127.0.0.1:" + port + "/",
                                "file:///etc/passwd",
                                "gopher://127.0.0.1:" + port + "/",
                                "http://user@127.0.0.1:" + port + "/",
                                "http://127.0.0.1:" + port + "@evil.org/",
                                "http://user:pw@127.0.0.1:" + port + "/",
                                "http://127.0.0.1:" + port + "/a b",
                                "http://127.0.0.1:" + port + "/a\r\nX: y",
                                "http://127.0.0.1:" + port + "/" + std::string(1, '\0'),
                                "http:////hello",
                                "http://",
                                "http://127.0.0.1:99999/",
                                "http://[fe80::1%25eth0]/",
                                "http://*.example.org/",
                                "http://127.0.0.1:" + port + "/" + std::string(8192, 'a'),
                                "http://\xc3\xa4.org/",
                                "http://exa%00mple.org/",
                                "dict://127.0.0.1:" + port + "/x"}) {
    CAPTURE(url);
    CHECK(get(url) == BH_INVALID_ARGUMENT);
  }
  // Other ways to write an address are that address.
  grant({"http://example.org:" + port});
  for (const std::string host : {"127.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.1"}) {
    CAPTURE(host);
    const bh_status status = get("http://" + host + ":" + port + "/hello");
    CHECK((status == BH_PERMISSION_DENIED || status == BH_INVALID_ARGUMENT));
  }
}

TEST_CASE_METHOD(Web, "no header can be put into another, and none is the connection's") {
  const auto refused = [&](const std::string& name, const std::string& value) {
    HttpRequest request;
    request.method = "GET";
    request.url = server.http() + "/echo";
    request.headers = {{name, value}};
    return ask(request) == BH_INVALID_ARGUMENT;
  };
  CHECK(refused("X-A", "b\r\nX-Evil: 1"));
  CHECK(refused("X-A", "b\nX-Evil: 1"));
  CHECK(refused("X-A", std::string("b\0c", 3)));
  CHECK(refused("X-A: 1\r\nX-Evil", "1"));
  CHECK(refused("", "1"));
  CHECK(refused("X A", "1"));
  CHECK(refused("X-A:", "1"));
  for (const char* name : {"Host", "content-length", "Transfer-Encoding", "Connection", "Upgrade",
                           "Expect", "TE", "Proxy-Authorization"}) {
    CAPTURE(name);
    CHECK(refused(name, "x"));
  }
  CHECK_FALSE(refused("X-A", "tab\tand \xc3\xa4"));
  HttpRequest request;
  request.url = server.http() + "/echo";
  for (const char* method : {"CONNECT", "TRACE", "get", "GET / HTTP/1.1\r\n", ""}) {
    request.method = method;
    CHECK(ask(request) == BH_INVALID_ARGUMENT);
  }
  request.method = "GET";
  request.body = "x";
  CHECK(ask(request) == BH_INVALID_ARGUMENT);
  request.method = "POST";
  request.body = std::string(BH_HTTP_MAX_REQUEST_BODY + 1, 'x');
  CHECK(ask(request) == BH_INVALID_ARGUMENT);
  request.body.clear();
  request.headers.assign(65, {"X", "1"});
  CHECK(ask(request) == BH_INVALID_ARGUMENT);
}

TEST_CASE_METHOD(Web,
                 "a redirect is followed as often as asked for, and to granted origins alone") {
  const std::string hello = server.http() + "/hello";
  const auto redirect = [](const std::string& origin, const std::string& to) {
    return origin + "/redirect?to=" + to;
  };
  REQUIRE(get(redirect(server.http(), hello)) == BH_OK);
  CHECK(answer.status == 302);
  REQUIRE(get(redirect(server.http(), hello), 1) == BH_OK);
  CHECK(answer.url == hello);
  CHECK(body() == "hello");
  REQUIRE(get(redirect(server.http(), "/hello"), 3) == BH_OK);
  CHECK(answer.url == hello);

  CHECK(get(redirect(server.http(), redirect("", "/hello")), 1) == BH_IO_ERROR);
  CHECK_THAT(outcome.message, Contains("the most that were to be followed"));
  CHECK(get(redirect(server.http(), server.other()), 5) == BH_PERMISSION_DENIED);
  CHECK_THAT(outcome.message, Contains("redirects to") && Contains("was not granted"));
  CHECK(get(redirect(server.http(), "http://169.254.169.254/latest"), 5) == BH_PERMISSION_DENIED);
  CHECK(get(redirect(server.http(), "file:///etc/passwd"), 5) == BH_IO_ERROR);
  CHECK(get(redirect(server.http(), "ftp://127.0.0.1/"), 5) == BH_IO_ERROR);
  CHECK(get(redirect(server.http(), "http://user:pw@127.0.0.1:" + server.port() + "/"), 5) ==
        BH_IO_ERROR);
  CHECK(get(hello, 11) == BH_INVALID_ARGUMENT);
}

TEST_CASE_METHOD(Web, "a redirect keeps or drops method and body as HTTP says") {
  const auto sent = [&](const char* method, int code) {
    HttpRequest request;
    request.method = method;
    request.body = "body";
    request.headers = {{"Content-Type", "text/plain"}};
    request.redirects = 1;
    request.url = server.http() + "/redirect?code=" + std::to_string(code) + "&to=/echo";
    REQUIRE(ask(request) == BH_OK);
    const std::string echo = body();
    return echo.substr(0, echo.find(' ')) + (echo.ends_with("\n\nbody") ? " body" : "") +
           (echo.find("content-type") != std::string::npos ? " type" : "");
  };
  CHECK(sent("POST", 301) == "GET");
  CHECK(sent("POST", 302) == "GET");
  CHECK(sent("POST", 303) == "GET");
  CHECK(sent("PUT", 303) == "GET");
  CHECK(sent("PUT", 302) == "PUT body type");
  CHECK(sent("POST", 307) == "POST body type");
  CHECK(sent("POST", 308) == "POST body type");
}

TEST_CASE_METHOD(Web, "the host adds a secret, to the origins that it is bound to alone") {
  vault.set("key", kValue, {server.http()});
  REQUIRE(ask(with_secret(server.http() + "/echo")) == BH_OK);
  CHECK_THAT(body(), Contains("authorization: Bearer s3cr3t-value\n"));

  grant({server.http(), server.other()});
  CHECK(ask(with_secret(server.other() + "/echo")) == BH_PERMISSION_DENIED);
  CHECK_THAT(outcome.message, Contains("may not be sent to " + server.other()) &&
                                  Contains("bulkhead secrets set key --origin " + server.other()));
  CHECK(outcome.message.find(kValue) == std::string::npos);

  HttpRequest twice = with_secret(server.http() + "/echo");
  twice.headers = {{"authorization", "mine"}};
  CHECK(ask(twice) == BH_INVALID_ARGUMENT);
  HttpRequest evil = with_secret(server.http() + "/echo");
  evil.secret_prefix = "x\r\nX-Evil: ";
  CHECK(ask(evil) == BH_INVALID_ARGUMENT);
  evil.secret_prefix = "";
  evil.secret_header = "Host";
  CHECK(ask(evil) == BH_INVALID_ARGUMENT);
  evil.secret_header = "";
  CHECK(ask(evil) == BH_INVALID_ARGUMENT);
  HttpRequest gone = with_secret(server.http() + "/echo");
  gone.secret = "gone";
  CHECK(ask(gone) == BH_NOT_FOUND);
  gone.secret = "other";
  CHECK(ask(gone) == BH_PERMISSION_DENIED);
  vault.set("key", "two\nlines", {server.http()});
  CHECK(ask(with_secret(server.http() + "/echo")) == BH_DATA_INVALID);
  vault.set("key", kValue);
  CHECK(ask(with_secret(server.http() + "/echo")) == BH_PERMISSION_DENIED);
}

TEST_CASE_METHOD(Web, "a secret stays with its origin when a redirect leads elsewhere") {
  grant({server.http(), server.other()});
  vault.set("key", kValue, {server.http(), server.other()});
  HttpRequest request = with_secret(server.http() + "/redirect?to=/echo");
  request.redirects = 5;
  request.headers = {{"Cookie", "c=1"}, {"X-Kept", "1"}};
  REQUIRE(ask(request) == BH_OK);
  CHECK_THAT(body(), Contains(kValue) && Contains("cookie: c=1"));
  request.url = server.http() + "/redirect?to=" + server.other() + "/echo";
  REQUIRE(ask(request) == BH_OK);
  CHECK(answer.url == server.other() + "/echo");
  const std::string echo = body();
  CHECK_THAT(echo, Contains("x-kept: 1"));
  CHECK_THAT(echo, !Contains("authorization") && !Contains(kValue) && !Contains("cookie"));
  // Not even when a further redirect leads back.
  request.url = server.http() + "/redirect?to=" + server.other() +
                "/redirect%3Fto=" + server.http() + "/echo";
  REQUIRE(ask(request) == BH_OK);
  CHECK(answer.url == server.http() + "/echo");
  CHECK_THAT(body(), !Contains(kValue));
}

TEST_CASE_METHOD(Web,
                 "a name that leads to this machine is refused, unless localhost was granted") {
  // "localhost" as a name is what libcurl resolves itself; as a part of another it is a name.
  grant({"http://localhost:" + server.port()});
  REQUIRE(get("http://localhost:" + server.port() + "/hello") == BH_OK);
  CHECK(body() == "hello");
  grant({"http://name.localhost:" + server.port()});
  CHECK(get("http://name.localhost:" + server.port() + "/hello") == BH_PERMISSION_DENIED);
  CHECK_THAT(outcome.message, Contains("no public address"));
}

TEST_CASE_METHOD(Web, "a certificate must be of the name, and of a root that is trusted") {
  REQUIRE(get(server.https() + "/hello") == BH_OK);
  CHECK(body() == "hello");
  certificates.clear();  // of the system
  grant({server.https()});
  CHECK(get(server.https() + "/hello") == BH_UNAVAILABLE);
  CHECK_THAT(outcome.message, Contains("certificate"));
  certificates = WebServer::certificates();
  const std::string wrong = "https://127.0.0.2" + server.https().substr(17);
  grant({wrong});
  CHECK(get(wrong + "/hello") == BH_UNAVAILABLE);
}

TEST_CASE_METHOD(Web, "proxies, passwords and the like of the user are not used") {
  ::setenv("http_proxy", server.other().c_str(), 1);
  ::setenv("HTTP_PROXY", server.other().c_str(), 1);
  ::setenv("ALL_PROXY", server.other().c_str(), 1);
  REQUIRE(get(server.http() + "/echo") == BH_OK);
  CHECK(body().find("GET /echo\n") == 0);  // to a proxy it would be the whole URL
  const TempFolder home;
  home.write(".netrc", "default login user password hunter2\n");
  ::setenv("HOME", home.path().c_str(), 1);
  REQUIRE(get(server.http() + "/echo") == BH_OK);
  CHECK_THAT(body(), !Contains("authorization"));
  for (const char* name : {"http_proxy", "HTTP_PROXY", "ALL_PROXY"}) ::unsetenv(name);
}

TEST_CASE_METHOD(Web, "endless headers end") {
  CHECK(get(server.http() + "/endless-headers") == BH_RESOURCE_EXHAUSTED);
  CHECK_THAT(outcome.message, Contains("more headers than the host takes"));
  CHECK(get(server.http() + "/many-headers") == BH_RESOURCE_EXHAUSTED);
  CHECK(get(server.http() + "/endless-interim") == BH_RESOURCE_EXHAUSTED);
}

TEST_CASE_METHOD(Web, "a body has at most the bytes that were asked for") {
  HttpRequest request;
  request.method = "GET";
  request.url = server.http() + "/endless-body";
  request.max_body = 3'000'000;
  REQUIRE(ask(request) == BH_OK);
  CHECK(body().size() <= 3'000'000);
  CHECK(outcome.status == BH_RESOURCE_EXHAUSTED);
  CHECK_THAT(outcome.message, Contains("more than 3000000 bytes"));
  request.url = server.http() + "/size?n=3000000";
  REQUIRE(ask(request) == BH_OK);
  CHECK(body().size() == 3'000'000);
  CHECK(outcome.status == BH_OK);
}

TEST_CASE_METHOD(Web, "a body that nobody reads does not fill the memory") {
  REQUIRE(get(server.http() + "/endless-body") == BH_OK);
  std::string piece;
  bool end = false;
  for (std::uint64_t at = 0; at < 100'000'000; at += piece.size()) {
    REQUIRE(client().read(answer.response, at, BH_HTTP_MAX_PIECE, go_on, piece, end).status ==
            BH_OK);
    REQUIRE(piece.size() <= BH_HTTP_MAX_PIECE);
  }
}

TEST_CASE_METHOD(Web, "what is compressed stays so") {
  REQUIRE(get(server.http() + "/gzip") == BH_OK);
  CHECK(header("content-encoding") == "gzip");
  CHECK(body().size() < 100'000);
}

TEST_CASE_METHOD(Web, "a server that takes its time is left at the deadline") {
  CHECK(get(server.http() + "/slow-headers", 0, after(20)) == BH_DEADLINE_EXCEEDED);
  CHECK(get(server.http() + "/slow-headers", 0, after(20, BH_CANCELLED)) == BH_CANCELLED);
  REQUIRE(get(server.http() + "/slow-body") == BH_OK);
  std::string piece;
  bool end = false;
  REQUIRE(client().read(answer.response, 0, 100, go_on, piece, end).status == BH_OK);
  CHECK(piece == "begin");
  const auto late = client().read(answer.response, 5, 100, after(5), piece, end);
  CHECK(late.status == BH_DEADLINE_EXCEEDED);
  // It can be read on: the next call has a time of its own.
  CHECK(client().read(answer.response, 5, 100, after(5), piece, end).status ==
        BH_DEADLINE_EXCEEDED);
  client().close(answer.response);
}

TEST_CASE_METHOD(Web, "a connection that breaks is an error with words") {
  CHECK(get(server.http() + "/nothing") == BH_IO_ERROR);
  CHECK_THAT(outcome.message, Contains("the connection to " + server.http() + " broke"));
  CHECK(get(server.http() + "/garbage") == BH_IO_ERROR);
  REQUIRE(get(server.http() + "/short") == BH_OK);
  CHECK(body() == "only this");
  CHECK(outcome.status == BH_IO_ERROR);
  grant({"http://127.0.0.1:1", "https://127.0.0.1:" + server.port()});
  CHECK(get("http://127.0.0.1:1/") == BH_UNAVAILABLE);
  CHECK(get("https://127.0.0.1:" + server.port() + "/") == BH_UNAVAILABLE);
}

TEST_CASE_METHOD(Web, "a server that hangs up during an upload ends nothing but the request") {
  for (const std::string& origin : {server.http(), server.https()}) {
    HttpRequest request;
    request.method = "POST";
    request.url = origin + "/status?code=413";
    request.body = std::string(BH_HTTP_MAX_REQUEST_BODY, 'x');
    ask(request);
    CHECK((outcome.status == BH_OK || outcome.status == BH_IO_ERROR));
    if (outcome.status == BH_OK) client().close(answer.response);
  }
}

TEST_CASE_METHOD(Web, "trailers and odd bytes in headers are taken as they are") {
  REQUIRE(get(server.http() + "/trailer") == BH_OK);
  CHECK(body() == "hello");
  CHECK(header("x-late").empty());
  REQUIRE(get(server.http() + "/split") == BH_OK);
  CHECK(header("x-bytes") == "\xc3\xa4\xc3\xbf");  // ISO 8859-1, as text in UTF-8
}

TEST_CASE_METHOD(Web, "open answers are bounded, and closing makes room") {
  std::vector<std::uint64_t> open;
  for (int i = 0; i < 16; ++i) {
    REQUIRE(get(server.http() + "/size?n=10") == BH_OK);
    open.push_back(answer.response);
  }
  CHECK(get(server.http() + "/hello") == BH_RESOURCE_EXHAUSTED);
  client().close(open.front());
  CHECK(get(server.http() + "/hello") == BH_OK);
}

TEST_CASE_METHOD(Web, "many threads use one client") {
  client();
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        HttpRequest request;
        request.method = "GET";
        request.url = server.https() + "/hello";
        HttpAnswer own;
        std::string piece;
        bool end = false;
        if (client().request(request, go_on, own).status != BH_OK) continue;
        if (client().read(own.response, 0, 100, go_on, piece, end).status == BH_OK &&
            piece == "hello") {
          ++good;
        }
        client().close(own.response);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 40);
}
