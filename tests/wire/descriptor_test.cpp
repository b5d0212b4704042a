#include <catch2/catch.hpp>

#include "sdk/wire/descriptor.hpp"

using namespace bulkhead::wire;
using Catch::Contains;

namespace {

bh_status open(bh_call*, const bh_open_params*, bh_instance**) { return BH_OK; }
void close(bh_instance*) {}
const void* get_interface(bh_instance*, const char*) { return nullptr; }

const char* const kInterfaces[] = {"bulkhead.codec/1", nullptr};

bh_descriptor good() {
  return {BH_DESCRIPTOR_PREFIX("some", "1.2.3", kInterfaces, nullptr, nullptr), open, close,
          get_interface};
}

std::string read_error(const bh_descriptor* descriptor) {
  DescriptorFacts facts;
  return read_facts(descriptor, facts).value_or("");
}

std::string mismatch_of(const bh_descriptor& descriptor) {
  DescriptorFacts facts;
  REQUIRE_FALSE(read_facts(&descriptor, facts));
  return mismatch(facts).value_or("");
}

}  // namespace

TEST_CASE("a descriptor of this SDK is read and fits") {
  const bh_descriptor descriptor = good();
  DescriptorFacts facts;
  REQUIRE_FALSE(read_facts(&descriptor, facts));
  CHECK(facts.id == "some");
  CHECK(facts.version == "1.2.3");
  CHECK(facts.interfaces == std::vector<std::string>{"bulkhead.codec/1"});
  CHECK_FALSE(mismatch(facts));
}

TEST_CASE("what is no descriptor is told by a sentence") {
  CHECK_THAT(read_error(nullptr), Contains("null"));
  bh_descriptor descriptor = good();
  descriptor.magic = 1;
  CHECK_THAT(read_error(&descriptor), Contains("magic"));
  descriptor = good();
  descriptor.struct_size = 8;
  CHECK_THAT(read_error(&descriptor), Contains("8 bytes"));
  descriptor = good();
  descriptor.open = nullptr;
  CHECK_THAT(read_error(&descriptor), Contains("lacks open"));
}

TEST_CASE("a mismatch names the versions of both sides") {
  bh_descriptor descriptor = good();
  descriptor.abi_major = BH_ABI_MAJOR + 1;
  CHECK_THAT(mismatch_of(descriptor), Contains("too new") && Contains("ABI 2.0") &&
                                          Contains("ABI 1.0") && Contains(BULKHEAD_VERSION));
  descriptor = good();
  descriptor.abi_major = 0;
  CHECK_THAT(mismatch_of(descriptor),
             Contains("too old") && Contains("ABI 0.0") && Contains("ABI 1.0"));
  descriptor = good();
  descriptor.min_host_minor = 99;
  CHECK_THAT(mismatch_of(descriptor), Contains("1.99") && Contains("1.0"));
  descriptor = good();
  descriptor.sanitizers = BH_SANITIZER_ADDRESS | BH_SANITIZER_THREAD;
  CHECK_THAT(mismatch_of(descriptor), Contains("Sanitizer") && Contains(BULKHEAD_VERSION));
}

TEST_CASE("texts and lists of a descriptor are bounded") {
  const std::string longest(10000, 'x');
  std::vector<const char*> many(1000, "bulkhead.codec/1");
  many.push_back(nullptr);
  bh_descriptor descriptor = good();
  descriptor.id = longest.c_str();
  descriptor.interfaces = many.data();
  DescriptorFacts facts;
  REQUIRE_FALSE(read_facts(&descriptor, facts));
  CHECK(facts.id.size() == 256);
  CHECK(facts.interfaces.size() == 64);
}
