// bulkhead/sdk/http.hpp: requests to origins that were granted, through the service
// "bulkhead.http/1" (bulkhead/abi/draft/http.h). A failure throws a PluginError with the host's
// words; a status of HTTP such as 404 is none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/abi/draft/http.h>
#include <bulkhead/sdk/services.hpp>

namespace bulkhead::sdk {

struct HttpHeader {
  std::string name, value;
};

// A header that the host adds: "Authorization: Bearer " and the value of the secret.
struct HttpSecret {
  std::string header, prefix, name;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<HttpHeader> headers{};
  std::string body{};
  HttpSecret secret{};
  std::uint32_t redirects = 0;  // followed at most, to granted origins alone
  std::uint64_t max_body = 0;   // bytes of the answer; 0: 1 GiB
};

// An answer, whose body is read in pieces.
class HttpResponse {
 public:
  std::uint32_t status() const noexcept { return status_; }
  const std::vector<HttpHeader>& headers() const noexcept { return headers_; }
  // The first header of that name, in lower case; empty where there is none.
  std::string_view header(std::string_view name) const noexcept {
    for (const HttpHeader& header : headers_) {
      if (header.name == name) return header.value;
    }
    return {};
  }
  const std::string& url() const noexcept { return url_; }  // after redirects

  // The next piece: at least one byte, or nothing at the end.
  std::string read(const Call& call, std::uint32_t max = BH_HTTP_MAX_PIECE) {
    while (handle_ != 0) {
      bh_http_read_params params{};
      params.struct_size = sizeof params;
      params.max = max;
      params.response = handle_;
      params.position = position_;
      bh_http_read_result result{};
      result.struct_size = sizeof result;
      const bh_status status = http_->read(call.raw(), http_, &params, &result);
      check(status, "reading", url_);
      if (result.end != 0) handle_ = 0;
      position_ += result.bytes.size;
      if (result.bytes.size != 0) return std::string(as_view(result.bytes));
    }
    return {};
  }
  // All of it. Throws BH_RESOURCE_EXHAUSTED where it is larger than `limit`.
  std::string read_all(const Call& call, std::uint64_t limit) {
    std::string body;
    for (std::string piece = read(call); !piece.empty(); piece = read(call)) {
      if (body.size() + piece.size() > limit) {
        throw PluginError(BH_RESOURCE_EXHAUSTED, "The answer of " + url_ + " has more than " +
                                                     std::to_string(limit) + " bytes.");
      }
      body += piece;
    }
    return body;
  }
  // Lets go of an answer that was not read to its end.
  void close(const Call& call) {
    if (handle_ == 0) return;
    bh_http_close_params params{};
    params.struct_size = sizeof params;
    params.response = std::exchange(handle_, 0);
    bh_empty result{};
    result.struct_size = sizeof result;
    http_->close(call.raw(), http_, &params, &result);
  }

  // The service has given the call its words already.
  static void check(bh_status status, const char* what, const std::string& url) {
    if (status == BH_CANCELLED || status == BH_DEADLINE_EXCEEDED) throw Cancelled(status);
    if (status != BH_OK) throw HostError(status, std::string(what) + " " + url);
  }

 private:
  friend class Http;
  const bh_http_v1* http_ = nullptr;
  std::uint32_t status_ = 0;
  std::vector<HttpHeader> headers_;
  std::string url_;
  std::uint64_t handle_ = 0;  // 0: read to the end, or closed
  std::uint64_t position_ = 0;
};

// Cheap to copy; as Services. An answer that is neither read to its end nor closed stays open until
// the instance is closed; an instance may have 16.
class Http {
 public:
  explicit Http(const Services& services)
      : http_(static_cast<const bh_http_v1*>(services.get(BH_HTTP_1))) {}

  HttpResponse request(const Call& call, const HttpRequest& request) const {
    if (http_ == nullptr) {
      throw PluginError(BH_UNSUPPORTED, "This host has no network (service " BH_HTTP_1 ").");
    }
    std::vector<bh_http_header> headers;
    for (const HttpHeader& header : request.headers) {
      headers.push_back({as_text(header.name), as_text(header.value)});
    }
    bh_http_request_params params{};
    params.struct_size = sizeof params;
    params.redirects = request.redirects;
    params.method = as_text(request.method);
    params.url = as_text(request.url);
    params.headers = headers.data();
    params.header_count = headers.size();
    params.body = {reinterpret_cast<const std::uint8_t*>(request.body.data()), request.body.size()};
    params.secret_header = as_text(request.secret.header);
    params.secret_prefix = as_text(request.secret.prefix);
    params.secret = as_text(request.secret.name);
    params.max_body = request.max_body;
    bh_http_request_result result{};
    result.struct_size = sizeof result;
    HttpResponse::check(http_->request(call.raw(), http_, &params, &result), "asking", request.url);
    HttpResponse response;
    response.http_ = http_;
    response.status_ = result.status;
    for (std::size_t i = 0; i < result.header_count; ++i) {
      const auto& [name, value] = result.headers[i];
      response.headers_.push_back(
          {std::string(name.data, name.size), std::string(value.data, value.size)});
    }
    response.url_ = std::string(result.url.data, result.url.size);
    response.handle_ = result.response;
    return response;
  }

 private:
  const bh_http_v1* http_;
};

}  // namespace bulkhead::sdk
