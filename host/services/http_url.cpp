#include "host/services/http_url.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <new>

namespace bulkhead::host {
namespace {

constexpr std::size_t kLongestUrl = 8192;
constexpr unsigned kFlags = CURLU_DISALLOW_USER;

bool is_written_whole(const std::string& text) {
  return !text.empty() && text.size() <= kLongestUrl &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 32 && c < 127; });
}

// A part of a URL; empty where it has none.
std::string part(CURLU* handle, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(handle, which, &text, flags) != CURLUE_OK) return {};
  const std::string result = text;
  curl_free(text);
  return result;
}

}  // namespace

void HttpUrl::Free::operator()(CURLU* handle) const { curl_url_cleanup(handle); }

bool HttpUrl::settle(std::string& problem) {
  const std::string scheme = part(handle_.get(), CURLUPART_SCHEME);
  const std::string host = part(handle_.get(), CURLUPART_HOST);
  const std::string port = part(handle_.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (scheme != "http" && scheme != "https") {
    problem = "has another scheme than http and https";
    return false;
  }
  if (!part(handle_.get(), CURLUPART_ZONEID).empty()) {
    problem = "has an address with a zone";
    return false;
  }
  origin_ = manifest::Origin::parse(scheme + "://" + host + ":" + port);
  if (!origin_ || origin_->any_label()) {
    problem = "has no host that can be meant";
    return false;
  }
  return true;
}

std::optional<HttpUrl> HttpUrl::parse(const std::string& text, std::string& problem) {
  HttpUrl url;
  if (!is_written_whole(text)) {
    problem = "must have 1 to " + std::to_string(kLongestUrl) +
              " characters of ASCII, without blanks: write others as %XX";
    return std::nullopt;
  }
  url.handle_.reset(curl_url());
  if (url.handle_ == nullptr) throw std::bad_alloc();
  const CURLUcode code = curl_url_set(url.handle_.get(), CURLUPART_URL, text.c_str(), kFlags);
  if (code != CURLUE_OK) {
    problem = code == CURLUE_USER_NOT_ALLOWED ? "has a user: send it in a header, from a secret"
                                              : "is no absolute URL of http or https";
    return std::nullopt;
  }
  if (!url.settle(problem)) return std::nullopt;
  return url;
}

std::optional<HttpUrl> HttpUrl::follow(const std::string& location, std::string& problem) const {
  HttpUrl url;
  url.handle_.reset(curl_url_dup(handle_.get()));
  if (url.handle_ == nullptr) throw std::bad_alloc();
  if (!is_written_whole(location) ||
      curl_url_set(url.handle_.get(), CURLUPART_URL, location.c_str(), kFlags) != CURLUE_OK) {
    problem = "is no URL of http or https without a user";
    return std::nullopt;
  }
  if (!url.settle(problem)) return std::nullopt;
  return url;
}

std::string HttpUrl::text() const { return part(handle_.get(), CURLUPART_URL); }

}  // namespace bulkhead::host
