// Everything that reads text that nobody vouches for: a manifest, a policy, a version, a range. No
// bytes may crash or hang it, or make it throw anything but a FileError.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "host/policy/policy.hpp"
#include "registry/manifest/manifest.hpp"

namespace {

using bulkhead::manifest::FileError;
using bulkhead::manifest::Manifest;
using bulkhead::manifest::Range;
using bulkhead::manifest::Version;
using bulkhead::policy::Policy;

// abort() and not assert(): the check holds in a release build too.
void require(bool condition) {
  if (!condition) std::abort();
}

void check_error(const FileError& error) {
  require(bulkhead::manifest::is_printable(error.what()));
  require((error.line() == 0) == (error.column() == 0));
}

void read_manifest(std::string_view text) {
  try {
    const Manifest manifest = Manifest::parse(text, "plugin.toml", "linux-x86_64");
    require(!manifest.id.empty() && !manifest.entry.empty() && manifest.entry.front() != '/');
    try {
      bulkhead::manifest::check_config(manifest, {});
    } catch (const std::invalid_argument&) {
      // A key without default is required.
    }
    check_permissions(manifest, bulkhead::policy::Decision{});
  } catch (const FileError& error) {
    check_error(error);
  }
}

void read_policy(std::string_view text) {
  try {
    const Policy policy = Policy::parse(text, "bulkhead.toml");
    require(!policy.decide("en_gpt2").reason.empty());
    policy.unknown_plugins({"en_gpt2"});
  } catch (const FileError& error) {
    check_error(error);
  }
}

void read_versions(std::string_view text) {
  const auto version = Version::parse(text);
  if (version) {
    require(version->text() == text);
    require(*version == *version);
    // A version is a range that contains itself alone.
    const auto range = Range::parse(text);
    require(range && range->contains(*version));
  }
  if (const auto range = Range::parse(text)) {
    for (const char* point : {"0.0.0", "1.2.3", "1.2.3-rc.1", "18446744073709551615.0.0"}) {
      range->contains(*Version::parse(point));
    }
  }
  if (const auto bytes = bulkhead::manifest::parse_bytes(text)) {
    require(bulkhead::manifest::parse_bytes(bulkhead::manifest::bytes_text(*bytes)) == bytes);
  }
  if (const auto duration = bulkhead::manifest::parse_duration(text)) {
    require(bulkhead::manifest::parse_duration(bulkhead::manifest::duration_text(*duration)) ==
            duration);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_manifest(text);
  read_policy(text);
  read_versions(text);
  return 0;
}
