// One request and its answer on a connection of its own, by libcurl.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/secrets/secret_bytes.hpp"
#include "host/services/http_request.hpp"
#include "host/services/http_url.hpp"
#include "host/services/service_outcome.hpp"

namespace bulkhead::host {

// What is sent. Header values may hold a secret: they are wiped at the end.
struct HttpMessage {
  std::string method;
  std::vector<HttpHeader> headers;
  std::shared_ptr<const std::string> body;
  std::string secret_header;            // empty: none
  std::shared_ptr<SecretBytes> secret;  // the whole value of that header
  std::uint64_t max_body = 0;           // of the answer
  std::string certificates;             // a file of roots; empty: those of the system
};

// One thread at a time.
class HttpExchange {
 public:
  HttpExchange(HttpUrl url, HttpMessage message);
  ~HttpExchange();
  HttpExchange(const HttpExchange&) = delete;

  // Connects, sends, and waits for the headers of the answer.
  ServiceOutcome begin(const ShouldStop& stop);
  std::uint32_t status() const;
  const std::vector<HttpHeader>& headers() const;  // names in lower case
  const HttpUrl& url() const;

  // Waits for more of the body: 1 to `max` bytes, or the end. After an error that is not the
  // caller's wish to stop, the exchange is over.
  ServiceOutcome read(std::size_t max, const ShouldStop& stop, std::string& bytes, bool& end);

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace bulkhead::host
