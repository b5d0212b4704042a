// A host with the null codec: the plugin that does nothing, so that what is left is the way there.
#pragma once

#include <string>
#include <bulkhead/host.hpp>

namespace bulkhead::bench {

// A private folder with a policy that says nothing and room for the host's state; gone at the end.
class Workplace {
 public:
  Workplace();
  ~Workplace();
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  HostOptions options() const;

 private:
  std::string folder_;
};

inline constexpr char kNullCodec[] = "null_codec";

LoadOptions isolation(Isolation isolation);

}  // namespace bulkhead::bench
