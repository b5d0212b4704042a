#include "host/services/http_client.hpp"

#include <bulkhead/abi/draft/http.h>

#include <algorithm>
#include <cstring>

#include "registry/manifest/words.hpp"

namespace bulkhead::host {
namespace {

constexpr std::size_t kMostOpen = 16;  // answers of an instance
constexpr std::uint64_t kUsualMostBody = std::uint64_t{1} << 30;

const std::string* location_of(const HttpExchange& exchange) {
  const std::uint32_t status = exchange.status();
  if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308) {
    return nullptr;
  }
  for (const HttpHeader& header : exchange.headers()) {
    if (header.name == "location") return &header.value;
  }
  return nullptr;
}

// RFC 9110, 15.4: what is sent to the place that a redirect names.
void become_redirected(HttpMessage& message, std::uint32_t status, bool same_origin) {
  const bool to_get =
      status == 303 || ((status == 301 || status == 302) && message.method == "POST");
  const auto drop = [&](auto&& matches) { std::erase_if(message.headers, matches); };
  if (to_get && message.method != "HEAD") {
    message.method = "GET";
    message.body = std::make_shared<std::string>();
    drop([](const HttpHeader& h) { return is_header(h, "content-type"); });
  }
  if (same_origin) return;
  message.secret = nullptr;
  message.secret_header.clear();
  drop([](const HttpHeader& h) { return is_header(h, "authorization") || is_header(h, "cookie"); });
}

}  // namespace

ServiceOutcome HttpClient::check_origin(const HttpUrl& url) const {
  if (access_->grants.origin(url.origin()) != nullptr) return {};
  return {BH_PERMISSION_DENIED,
          "the origin " + url.origin().text() + " was not granted to this plugin; " +
              policy::origin_advice(access_->manifest, access_->policy_file, url.origin())};
}

ServiceOutcome HttpClient::add_secret(const HttpRequest& request, const HttpUrl& url,
                                      HttpMessage& message) const {
  if (request.secret.empty()) return {};
  std::optional<Secret> secret;
  if (auto outcome = secrets_->find(request.secret, secret); outcome.status != BH_OK) {
    return outcome;
  }
  const auto& origins = secret->facts.origins;
  if (std::none_of(origins.begin(), origins.end(),
                   [&](const auto& origin) { return origin.covers(url.origin()); })) {
    return {BH_PERMISSION_DENIED, "the secret '" + request.secret + "' may not be sent to " +
                                      url.origin().text() +
                                      "; to allow it, store it anew: bulkhead secrets set " +
                                      request.secret + " --origin " + url.origin().text()};
  }
  if (!is_header_value(secret->value.view())) {
    return {BH_DATA_INVALID, "the secret '" + request.secret +
                                 "' has control characters (a newline, say), so it can't be sent "
                                 "in a header: store it anew"};
  }
  message.secret_header = request.secret_header;
  message.secret =
      std::make_shared<SecretBytes>(request.secret_prefix.size() + secret->value.size());
  unsigned char* at = message.secret->span().data();
  at = std::copy(request.secret_prefix.begin(), request.secret_prefix.end(), at);
  std::copy(secret->value.span().begin(), secret->value.span().end(), at);
  return {};
}

ServiceOutcome HttpClient::send(HttpUrl url, const HttpRequest& request, const ShouldStop& stop,
                                std::unique_ptr<HttpExchange>& exchange) const {
  HttpMessage message;
  message.method = request.method;
  message.headers = request.headers;
  message.body = std::make_shared<std::string>(request.body);
  message.max_body = request.max_body == 0 ? kUsualMostBody : request.max_body;
  message.certificates = certificates_;
  if (auto outcome = check_origin(url); outcome.status != BH_OK) return outcome;
  if (auto outcome = add_secret(request, url, message); outcome.status != BH_OK) return outcome;
  for (unsigned followed = 0;; ++followed) {
    const manifest::Origin from = url.origin();
    exchange = std::make_unique<HttpExchange>(std::move(url), message);
    if (auto outcome = exchange->begin(stop); outcome.status != BH_OK) return outcome;
    const std::string* location = location_of(*exchange);
    if (location == nullptr || request.redirects == 0) return {};
    const std::string what = from.text() + " redirects to " + manifest::quoted(*location);
    if (followed == request.redirects) {
      return {BH_IO_ERROR, what + ", after " + std::to_string(followed) +
                               " redirects, the most that were to be followed"};
    }
    std::string problem;
    auto next = exchange->url().follow(*location, problem);
    if (!next) return {BH_IO_ERROR, what + ", which " + problem};
    if (auto outcome = check_origin(*next); outcome.status != BH_OK) {
      return {outcome.status, what + ", but " + outcome.message};
    }
    become_redirected(message, exchange->status(), next->origin() == from);
    url = std::move(*next);
  }
}

std::shared_ptr<HttpClient::Open> HttpClient::reserve(std::uint64_t& response) {
  const std::lock_guard lock(mutex_);
  if (open_.size() >= kMostOpen) return nullptr;
  response = next_++;
  return open_.emplace(response, std::make_shared<Open>()).first->second;
}

ServiceOutcome HttpClient::request(const HttpRequest& request, const ShouldStop& stop,
                                   HttpAnswer& answer) {
  if (std::string problem = request_problem(request); !problem.empty()) {
    return {BH_INVALID_ARGUMENT, problem};
  }
  std::string problem;
  auto url = HttpUrl::parse(request.url, problem);
  if (!url) {
    return {BH_INVALID_ARGUMENT, "the URL " + manifest::quoted(request.url) + " " + problem};
  }
  std::uint64_t response = 0;
  const auto open = reserve(response);
  if (open == nullptr) {
    return {BH_RESOURCE_EXHAUSTED, "the plugin has " + std::to_string(kMostOpen) +
                                       " answers open already: read or close them"};
  }
  try {
    const std::lock_guard lock(open->mutex);  // who reads it too early is told so
    auto outcome = send(std::move(*url), request, stop, open->exchange);
    if (outcome.status == BH_OK) {
      answer.status = open->exchange->status();
      answer.headers = open->exchange->headers();
      answer.url = open->exchange->url().text();
      answer.response = response;
    } else {
      close(response);
    }
    return outcome;
  } catch (...) {
    close(response);
    throw;
  }
}

ServiceOutcome HttpClient::read(std::uint64_t response, std::uint64_t position, std::size_t max,
                                const ShouldStop& stop, std::string& bytes, bool& end) {
  if (max == 0 || max > BH_HTTP_MAX_PIECE) {
    return {BH_INVALID_ARGUMENT, "a piece has 1 to " + std::to_string(BH_HTTP_MAX_PIECE) +
                                     " bytes, not " + std::to_string(max)};
  }
  std::shared_ptr<Open> open;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = open_.find(response); found != open_.end()) open = found->second;
  }
  if (open == nullptr) {
    return {BH_NOT_FOUND, "there is no answer open with handle " + std::to_string(response)};
  }
  const std::unique_lock lock(open->mutex, std::try_to_lock);
  if (!lock.owns_lock()) {
    return {BH_INVALID_ARGUMENT, "another call reads the answer with handle " +
                                     std::to_string(response) + ": one at a time"};
  }
  if (open->exchange == nullptr) {  // a handle that was guessed: its request begins just now
    return {BH_NOT_FOUND, "there is no answer open with handle " + std::to_string(response)};
  }
  if (position != open->position) {
    return {BH_INVALID_ARGUMENT, "the body is read in order: the next piece begins at " +
                                     std::to_string(open->position) + ", not at " +
                                     std::to_string(position)};
  }
  auto outcome = open->exchange->read(max, stop, bytes, end);
  open->position += bytes.size();
  const bool asked_to_stop =
      outcome.status == BH_CANCELLED || outcome.status == BH_DEADLINE_EXCEEDED;
  if (end || (outcome.status != BH_OK && !asked_to_stop)) close(response);
  return outcome;
}

void HttpClient::close(std::uint64_t response) {
  std::shared_ptr<Open> closed;  // destroyed outside of the lock
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(response);
  if (found == open_.end()) return;
  closed = std::move(found->second);
  open_.erase(found);
}

}  // namespace bulkhead::host
