#include "host/services/http_exchange.hpp"

#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>
#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <new>

#include "host/services/public_address.hpp"
#include "registry/manifest/words.hpp"
#include "sdk/wire/code_point.hpp"
#include "sdk/wire/version.hpp"

namespace bulkhead::host {
namespace {

constexpr int kLook = 10;  // milliseconds between two questions whether to stop
constexpr long kConnectSeconds = 30;
constexpr std::size_t kHighWater = 1 << 20;  // bytes of the body that wait to be read
constexpr std::size_t kMostHeaders = 256;
constexpr std::size_t kMostHeaderBytes = 64 * 1024;  // of all headers of an answer together

void start_curl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw std::bad_alloc();
}

// The lines of a header list; they are wiped, one of them is a secret.
struct FreeLines {
  void operator()(curl_slist* list) const {
    for (curl_slist* at = list; at != nullptr; at = at->next) {
      sodium_memzero(at->data, std::strlen(at->data));
    }
    curl_slist_free_all(list);
  }
};

// A header's bytes as UTF-8: those that are none are ISO 8859-1, by the tradition of HTTP.
std::string as_utf8(std::string_view bytes) {
  bool is_utf8 = true;
  for (std::string_view rest = bytes; is_utf8 && !rest.empty();) {
    const wire::CodePoint point = wire::first_code_point(rest);
    is_utf8 = point.valid;
    rest.remove_prefix(point.size);
  }
  if (is_utf8) return std::string(bytes);
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

// "name: value" in a list that takes it over. libcurl wants a ';' where there is no value.
void append(std::unique_ptr<curl_slist, FreeLines>& list, std::string_view name,
            std::string_view value) {
  const bool blank = value.find_first_not_of(" \t") == std::string_view::npos;
  SecretBytes line(name.size() + value.size() + 3);
  unsigned char* at = std::copy(name.begin(), name.end(), line.span().data());
  if (blank) {
    *at++ = ';';
  } else {
    *at++ = ':';
    *at++ = ' ';
    at = std::copy(value.begin(), value.end(), at);
  }
  *at = 0;
  curl_slist* longer =
      curl_slist_append(list.get(), reinterpret_cast<const char*>(line.span().data()));
  if (longer == nullptr) throw std::bad_alloc();
  (void)list.release();
  list.reset(longer);
}

}  // namespace

// The parts of one exchange.
struct HttpExchange::State {
  HttpUrl url;
  HttpMessage message;
  std::unique_ptr<curl_slist, FreeLines> lines;
  CURLM* multi = nullptr;
  CURL* easy = nullptr;
  char words[CURL_ERROR_SIZE] = {};

  std::uint32_t status = 0;
  std::vector<HttpHeader> headers;
  std::size_t header_bytes = 0, header_count = 0;
  bool headers_done = false;
  std::string body;  // received and not read
  std::uint64_t received = 0;
  bool paused = false, done = false;
  CURLcode code = CURLE_OK;
  std::string refused_address;
  ServiceOutcome problem;  // found in a callback

  State(HttpUrl to, HttpMessage what) : url(std::move(to)), message(std::move(what)) {
    start_curl();
    multi = curl_multi_init();
    easy = curl_easy_init();
    if (multi == nullptr || easy == nullptr) {
      release();
      throw std::bad_alloc();
    }
  }
  ~State() { release(); }
  void release() {
    if (multi != nullptr && easy != nullptr) curl_multi_remove_handle(multi, easy);
    if (easy != nullptr) curl_easy_cleanup(easy);
    if (multi != nullptr) curl_multi_cleanup(multi);
    multi = nullptr;
    easy = nullptr;
  }

  template <class Value>
  void set(CURLoption option, Value value) {
    const CURLcode result = curl_easy_setopt(easy, option, value);
    if (result == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
    // Each of these is a guard: without it nothing is sent.
    if (result != CURLE_OK && problem.status == BH_OK) {
      problem = {BH_INTERNAL,
                 std::string("libcurl refuses a setting: ") + curl_easy_strerror(result)};
    }
  }

  void set_guards();
  void set_request();
  bool take_header(std::string_view line);
  ServiceOutcome failure() const;
  // Runs until it is so, or the exchange is done.
  ServiceOutcome drive(const ShouldStop& stop, const std::function<bool()>& until);

  // Callbacks of libcurl; `user` is the state.
  static curl_socket_t on_socket(void* user, curlsocktype purpose, curl_sockaddr* address);
  static std::size_t on_header(char* data, std::size_t one, std::size_t size, void* user);
  static std::size_t on_body(char* data, std::size_t one, std::size_t size, void* user);
};

// The address that the connection is about to go to, whatever a name server said before.
curl_socket_t HttpExchange::State::on_socket(void* user, curlsocktype, curl_sockaddr* address) {
  auto& self = *static_cast<State*>(user);
  if (!may_connect(self.url.origin(), address->addr)) {
    self.refused_address = address_text(address->addr);
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t HttpExchange::State::on_header(char* data, std::size_t one, std::size_t size,
                                           void* user) {
  auto& self = *static_cast<State*>(user);
  return self.take_header({data, one * size}) ? one * size : 0;
}

std::size_t HttpExchange::State::on_body(char* data, std::size_t one, std::size_t size,
                                         void* user) {
  auto& self = *static_cast<State*>(user);
  const std::size_t bytes = one * size;
  if (self.body.size() >= kHighWater) {
    self.paused = true;  // libcurl keeps these bytes, and reads no further
    return CURL_WRITEFUNC_PAUSE;
  }
  self.received += bytes;
  if (self.received > self.message.max_body) {
    self.problem = {BH_RESOURCE_EXHAUSTED, "the answer of " + self.url.origin().text() +
                                               " has more than " +
                                               std::to_string(self.message.max_body) +
                                               " bytes, the most that was asked for"};
    return 0;
  }
  self.body.append(data, bytes);
  return bytes;
}

// Lines of the status, headers, interim answers and trailers.
bool HttpExchange::State::take_header(std::string_view line) {
  header_bytes += line.size();
  if (header_bytes > kMostHeaderBytes || ++header_count > kMostHeaders) {
    problem = {BH_RESOURCE_EXHAUSTED, "the answer of " + url.origin().text() +
                                          " has more headers than the host takes (" +
                                          std::to_string(kMostHeaders) + ", of " +
                                          std::to_string(kMostHeaderBytes) + " bytes together)"};
    return false;
  }
  if (headers_done) return true;  // a trailer
  if (line.starts_with("HTTP/")) {
    headers.clear();
    return true;
  }
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (line.empty()) {
    long code_of_http = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code_of_http);
    headers_done = code_of_http >= 200;
    status = static_cast<std::uint32_t>(code_of_http);
    return true;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  std::string_view value = line.substr(colon + 1);
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!value.empty() && blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && blank(value.back())) value.remove_suffix(1);
  HttpHeader& header = headers.emplace_back();
  for (const char c : line.substr(0, colon)) {
    header.name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  header.name = as_utf8(header.name);
  header.value = as_utf8(value);
  return true;
}

void HttpExchange::State::set_guards() {
  set(CURLOPT_CURLU, url.handle());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);  // the caller looks at each step
  set(CURLOPT_OPENSOCKETFUNCTION, &State::on_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_PROXY, "");  // not from the environment either
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!message.certificates.empty()) set(CURLOPT_CAINFO, message.certificates.c_str());
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a name server that does not answer holds nobody up
  set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(CURLOPT_ERRORBUFFER, &words[0]);
  set(CURLOPT_HEADERFUNCTION, &State::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &State::on_body);
  set(CURLOPT_WRITEDATA, this);
}

void HttpExchange::State::set_request() {
  set(CURLOPT_USERAGENT, (std::string("bulkhead/") + wire::kBuildVersion).c_str());
  const bool has_type = std::any_of(message.headers.begin(), message.headers.end(),
                                    [](const auto& h) { return is_header(h, "content-type"); });
  for (const HttpHeader& header : message.headers) append(lines, header.name, header.value);
  if (message.secret != nullptr) append(lines, message.secret_header, message.secret->view());
  // A name without a value takes libcurl's own header away.
  std::vector<const char*> without = {"Expect:"};
  if (!has_type) without.push_back("Content-Type:");
  for (const char* line : without) {
    curl_slist* longer = curl_slist_append(lines.get(), line);
    if (longer == nullptr) throw std::bad_alloc();
    (void)lines.release();
    lines.reset(longer);
  }
  set(CURLOPT_HTTPHEADER, lines.get());
  if (message.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (message.method != "GET") {
    const bool sends = message.method != "OPTIONS" && message.method != "DELETE";
    if (sends || !message.body->empty()) {
      set(CURLOPT_POST, 1L);
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(message.body->size()));
      set(CURLOPT_POSTFIELDS, message.body->data());
    }
    set(CURLOPT_CUSTOMREQUEST, message.method.c_str());
  }
}

ServiceOutcome HttpExchange::State::failure() const {
  if (problem.status != BH_OK) return problem;
  if (code == CURLE_OK) return {};
  const std::string origin = url.origin().text();
  const std::string why = manifest::escaped(words[0] != 0 ? words : curl_easy_strerror(code));
  if (!refused_address.empty() && code == CURLE_COULDNT_CONNECT) {
    return {BH_PERMISSION_DENIED,
            origin + " leads to " + refused_address +
                ", which is no public address: a name must lead to one. To reach this machine or "
                "a private network, the origin with the address itself (or localhost) must be "
                "asked for and granted"};
  }
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return {BH_UNAVAILABLE, "there is no connection to " + origin + ": " + why};
    case CURLE_OUT_OF_MEMORY:
      return {BH_OUT_OF_MEMORY, "there is not enough memory for a connection to " + origin};
    default:
      return {BH_IO_ERROR, "the connection to " + origin + " broke: " + why};
  }
}

ServiceOutcome HttpExchange::State::drive(const ShouldStop& stop,
                                          const std::function<bool()>& until) {
  while (!until() && !done) {
    if (const bh_status why = stop(); why != BH_OK) return {why, {}};
    int running = 0, left = 0;
    if (curl_multi_perform(multi, &running) != CURLM_OK) {
      problem = {BH_INTERNAL, "libcurl can't go on"};
      done = true;
    }
    while (const CURLMsg* news = curl_multi_info_read(multi, &left)) {
      if (news->msg != CURLMSG_DONE) continue;
      done = true;
      code = news->data.result;
    }
    if (!until() && !done) curl_multi_poll(multi, nullptr, 0, kLook, nullptr);
  }
  return {};
}

HttpExchange::HttpExchange(HttpUrl url, HttpMessage message)
    : state_(std::make_unique<State>(std::move(url), std::move(message))) {}

HttpExchange::~HttpExchange() = default;

std::uint32_t HttpExchange::status() const { return state_->status; }
const std::vector<HttpHeader>& HttpExchange::headers() const { return state_->headers; }
const HttpUrl& HttpExchange::url() const { return state_->url; }

ServiceOutcome HttpExchange::begin(const ShouldStop& stop) {
  State& state = *state_;
  state.set_guards();
  state.set_request();
  if (state.problem.status != BH_OK) return state.problem;
  if (curl_multi_add_handle(state.multi, state.easy) != CURLM_OK) throw std::bad_alloc();
  if (auto outcome = state.drive(stop, [&] { return state.headers_done; });
      outcome.status != BH_OK) {
    return outcome;
  }
  if (state.headers_done && state.problem.status == BH_OK) return {};
  if (auto outcome = state.failure(); outcome.status != BH_OK) return outcome;
  return {BH_IO_ERROR, "the connection to " + state.url.origin().text() + " ended early"};
}

ServiceOutcome HttpExchange::read(std::size_t max, const ShouldStop& stop, std::string& bytes,
                                  bool& end) {
  State& state = *state_;
  bytes.clear();
  end = false;
  if (state.paused && state.body.empty()) {
    state.paused = false;
    curl_easy_pause(state.easy, CURLPAUSE_CONT);  // may bring bytes at once
  }
  if (auto outcome = state.drive(stop, [&] { return !state.body.empty(); });
      outcome.status != BH_OK) {
    return outcome;
  }
  // What came before an error is read before it.
  if (state.body.empty()) {
    if (auto outcome = state.failure(); outcome.status != BH_OK) return outcome;
  }
  const std::size_t size = std::min(max, state.body.size());
  bytes.assign(state.body, 0, size);
  state.body.erase(0, size);
  end = state.body.empty() && state.done && state.failure().status == BH_OK;
  return {};
}

}  // namespace bulkhead::host
