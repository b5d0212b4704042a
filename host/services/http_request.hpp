// A request as a plugin asks for it, and what may not be in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

struct HttpHeader {
  std::string name, value;
};

struct HttpRequest {
  std::string method, url;
  std::vector<HttpHeader> headers;
  std::string body;
  std::string secret_header, secret_prefix, secret;  // the secret's name; empty: none
  unsigned redirects = 0;
  std::uint64_t max_body = 0;  // 0: the default
};

// Why the request can't be sent; empty: it can. The URL is not looked at.
std::string request_problem(const HttpRequest& request);
// Whether a text can stand in a header: no control characters, so no second header in it.
bool is_header_value(std::string_view value);
bool is_header(const HttpHeader& header, std::string_view lower_case_name);

}  // namespace bulkhead::host
