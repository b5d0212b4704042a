// A URL that the host may be asked for: the object that checks it is the one that libcurl uses, so
// that both read it alike.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "registry/manifest/origin.hpp"

typedef struct Curl_URL CURLU;

namespace bulkhead::host {

class HttpUrl {
 public:
  // An absolute http or https URL without a user; the problem is the rest of a sentence that begins
  // with the URL.
  static std::optional<HttpUrl> parse(const std::string& text, std::string& problem);
  // Where a redirect leads, relative or not.
  std::optional<HttpUrl> follow(const std::string& location, std::string& problem) const;

  const manifest::Origin& origin() const { return *origin_; }
  std::string text() const;
  CURLU* handle() const { return handle_.get(); }

 private:
  struct Free {
    void operator()(CURLU* handle) const;
  };
  HttpUrl() = default;
  bool settle(std::string& problem);
  std::unique_ptr<CURLU, Free> handle_;
  std::optional<manifest::Origin> origin_;
};

}  // namespace bulkhead::host
