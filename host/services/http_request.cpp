#include "host/services/http_request.hpp"

#include <bulkhead/abi/draft/http.h>

#include <algorithm>
#include <array>

#include "registry/manifest/words.hpp"

namespace bulkhead::host {
namespace {

constexpr std::array<std::string_view, 7> kMethods = {"GET",   "HEAD",   "POST",   "PUT",
                                                      "PATCH", "DELETE", "OPTIONS"};
constexpr std::size_t kMostHeaders = 64;
constexpr std::size_t kMostHeaderBytes = 64 * 1024;

// Those that say where a message goes or ends: the host writes them.
constexpr std::array<std::string_view, 11> kOwnHeaders = {
    "host", "content-length", "transfer-encoding",   "connection",         "upgrade",   "expect",
    "te",   "trailer",        "proxy-authorization", "proxy-authenticate", "keep-alive"};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && text.size() <= 256 && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

std::string header_problem(const std::string& name, const std::string& value) {
  if (!is_token(name)) return "the header " + manifest::quoted(name) + " has no name of HTTP";
  if (std::find(kOwnHeaders.begin(), kOwnHeaders.end(), lower(name)) != kOwnHeaders.end()) {
    return "the header " + name + " is the host's to write";
  }
  if (!is_header_value(value)) {
    return "the value of the header " + name + " has control characters";
  }
  return {};
}

}  // namespace

bool is_header_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(),
                     [](unsigned char c) { return c == '\t' || (c >= 32 && c != 127); });
}

bool is_header(const HttpHeader& header, std::string_view lower_case_name) {
  return lower(header.name) == lower_case_name;
}

std::string request_problem(const HttpRequest& request) {
  if (std::find(kMethods.begin(), kMethods.end(), request.method) == kMethods.end()) {
    return "the method is GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS, not " +
           manifest::quoted(request.method);
  }
  const bool bare = request.method == "GET" || request.method == "HEAD";
  if (bare && !request.body.empty()) return "a " + request.method + " has no body";
  if (request.body.size() > BH_HTTP_MAX_REQUEST_BODY) {
    return "the body of a request has at most " + std::to_string(BH_HTTP_MAX_REQUEST_BODY) +
           " bytes, not " + std::to_string(request.body.size());
  }
  if (request.redirects > BH_HTTP_MAX_REDIRECTS) {
    return "at most " + std::to_string(BH_HTTP_MAX_REDIRECTS) + " redirects are followed";
  }
  if (request.headers.size() > kMostHeaders) {
    return "a request has at most " + std::to_string(kMostHeaders) + " headers";
  }
  std::size_t bytes = 0;
  for (const HttpHeader& header : request.headers) {
    if (auto problem = header_problem(header.name, header.value); !problem.empty()) return problem;
    if (!request.secret.empty() && is_header(header, lower(request.secret_header))) {
      return "the header " + header.name + " is there twice: the secret has it";
    }
    bytes += header.name.size() + header.value.size();
  }
  if (bytes > kMostHeaderBytes) {
    return "the headers of a request have at most " + std::to_string(kMostHeaderBytes) + " bytes";
  }
  if (request.secret.empty()) return {};
  return header_problem(request.secret_header, request.secret_prefix);
}

}  // namespace bulkhead::host
