// The facts of a plugin's descriptor, copied out of the library, and whether host and plugin fit.
#pragma once

#include <bulkhead/abi/core.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sdk/schema/core.capnp.h"

namespace bulkhead::wire {

struct DescriptorFacts {
  std::uint16_t abi_major = 0, abi_minor = 0, min_host_minor = 0;
  std::uint32_t sanitizers = 0, cuda_major = 0;
  std::string compiler, id, version;
  std::vector<std::string> interfaces, services_required, services_optional;
};

// The query that this build sends.
bh_query make_query(std::uint32_t isolation);

// Copies the frozen prefix, every text and list bounded. An error sentence when it is no
// descriptor.
std::optional<std::string> read_facts(const bh_descriptor* descriptor, DescriptorFacts& facts);
void write(const DescriptorFacts& facts, core::Descriptor::Builder message);
DescriptorFacts read(core::Descriptor::Reader message);

// Why this build can't run the plugin, naming the versions of both sides; nothing when it can.
// `sanitizers`: BH_SANITIZER_* that work where it was loaded.
std::optional<std::string> mismatch(const DescriptorFacts& facts,
                                    std::uint32_t sanitizers = BH_BUILT_SANITIZERS);

// "address", "thread and undefined-behaviour", "no sanitizer".
std::string sanitizer_names(std::uint32_t sanitizers);

}  // namespace bulkhead::wire
