// The requests of one instance: to the origins that were granted, and to no others.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host/services/granted_secrets.hpp"
#include "host/services/http_exchange.hpp"

namespace bulkhead::host {

struct HttpAnswer {
  std::uint32_t status = 0;
  std::vector<HttpHeader> headers;
  std::string url;
  std::uint64_t response = 0;
};

// As bh_http_v1. [any-thread]
class HttpClient {
 public:
  // `certificates`: a file of roots; empty: those of the system.
  HttpClient(std::shared_ptr<const PluginAccess> access,
             std::shared_ptr<const GrantedSecrets> secrets, std::string certificates)
      : access_(std::move(access)),
        secrets_(std::move(secrets)),
        certificates_(std::move(certificates)) {}

  ServiceOutcome request(const HttpRequest& request, const ShouldStop& stop, HttpAnswer& answer);
  ServiceOutcome read(std::uint64_t response, std::uint64_t position, std::size_t max,
                      const ShouldStop& stop, std::string& bytes, bool& end);
  void close(std::uint64_t response);

 private:
  struct Open {
    std::mutex mutex;
    std::unique_ptr<HttpExchange> exchange;  // null: the request is under way
    std::uint64_t position = 0;
  };
  ServiceOutcome check_origin(const HttpUrl& url) const;
  ServiceOutcome add_secret(const HttpRequest& request, const HttpUrl& url,
                            HttpMessage& message) const;
  ServiceOutcome send(HttpUrl url, const HttpRequest& request, const ShouldStop& stop,
                      std::unique_ptr<HttpExchange>& exchange) const;
  // Before a request goes out, so that none is sent whose answer could not be kept. Null: no room.
  std::shared_ptr<Open> reserve(std::uint64_t& response);

  const std::shared_ptr<const PluginAccess> access_;
  const std::shared_ptr<const GrantedSecrets> secrets_;
  const std::string certificates_;
  std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<Open>> open_;
  std::uint64_t next_ = 1;
};

}  // namespace bulkhead::host
