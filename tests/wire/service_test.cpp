// A service as data: the table that a plugin gets, checked and carried.
#include <capnp/message.h>
#include <catch2/catch.hpp>
#include <bulkhead/abi/draft/state.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "sdk/schema/draft/state.capnp.h"
#include "sdk/wire/service.hpp"

using namespace bulkhead::wire;
using Catch::Matchers::Contains;

namespace bulkhead::wire {
template <>
const Layout& layout<bh_state_params>();
template <>
const Layout& layout<bh_state_result>();
}  // namespace bulkhead::wire

namespace {

// A made-up service: gives its bytes back, or breaks the contract.
struct Echo {
  std::uint32_t struct_size, reserved;
  bh_status (*echo)(bh_call*, const Echo*, const bh_state_params*, bh_state_result*);
};
constexpr std::uint32_t kFail = 1, kForeign = 2;

constexpr MethodBinding kMethods[] = {
    method<&Echo::echo, state::RestoreParams, state::SaveResults>("echo", 0)};
extern const ServiceBinding kEcho;
constexpr Echo kFunctions = {sizeof(Echo), 0, service_entry<kEcho, &Echo::echo, 0>};
constexpr ServiceBinding kEcho = {{"test.echo/1", 0, sizeof(Echo), kMethods},
                                  give<Echo, kFunctions>};

bh_status host_echo(bh_call* call, const Echo*, const bh_state_params* params,
                    bh_state_result* result) {
  static std::uint8_t foreign[16];
  if (params->version == kFail) {
    call->fn->fail(call, {"no", 2});
    return BH_NOT_FOUND;
  }
  result->version = params->version;
  if (params->version == kForeign) {
    result->bytes = {foreign, sizeof foreign};
    return BH_OK;
  }
  void* memory = call->fn->allocate(call, params->bytes.size);
  if (memory == nullptr) return BH_OUT_OF_MEMORY;
  std::memcpy(memory, params->bytes.data, params->bytes.size);
  result->bytes = {static_cast<std::uint8_t*>(memory), params->bytes.size};
  return BH_OK;
}
constexpr Echo kHost = {sizeof(Echo), 0, host_echo};

// Carries a call as a cell's port does, through a message each way.
class MessagePort final : public ServicePort {
 public:
  bh_status call(CallContext& context, const MethodBinding& method, const void* params,
                 void* result) override {
    capnp::MallocMessageBuilder there, back;
    write_params(method, params, there.getRoot<capnp::AnyPointer>());
    CallContext host;
    const LentService lent = {&kEcho, local_port(&kHost, nullptr)};
    const bh_status status = serve(lent, host, number.value_or(method.number),
                                   there.getRoot<capnp::AnyPointer>().asReader(),
                                   back.getRoot<capnp::AnyPointer>(), limit);
    if (status != BH_OK) {
      context.fail(host.error());
      return status;
    }
    return read_results(method, params, result, context,
                        back.getRoot<capnp::AnyPointer>().asReader());
  }
  std::optional<std::uint16_t> number;
  std::uint64_t limit = Scratch::kUnlimited;
};

struct Use {
  explicit Use(std::shared_ptr<ServicePort> port) : given(kEcho.give(std::move(port))) {
    result.struct_size = sizeof result;
  }
  bh_status echo(std::uint32_t version, std::string_view bytes) {
    const bh_state_params params = {
        sizeof params,
        version,
        {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}};
    return echo(&params);
  }
  bh_status echo(const bh_state_params* params) {
    const Echo* table = static_cast<const Echo*>(given->table());
    return table->echo(&call, table, params, &result);
  }
  std::unique_ptr<GivenService> given;
  CallContext call;
  bh_state_result result{};
};

std::shared_ptr<ServicePort> port(bool local) {
  if (local) return local_port(&kHost, nullptr);
  return std::make_shared<MessagePort>();
}

}  // namespace

TEST_CASE("a service answers alike in process and through messages") {
  Use use(port(GENERATE(true, false)));
  const std::string text(100'000, 'x');
  REQUIRE(use.echo(7, text) == BH_OK);
  CHECK(use.result.version == 7);
  CHECK(std::string_view(reinterpret_cast<const char*>(use.result.bytes.data),
                         use.result.bytes.size) == text);
  CHECK(use.call.owns(use.result.bytes.data, use.result.bytes.size));
  CHECK(use.echo(kFail, "") == BH_NOT_FOUND);
  CHECK(use.call.error() == "no");
  CHECK(use.echo(kForeign, "") == BH_PROTOCOL_ERROR);
}

TEST_CASE("what a plugin asks of a service is checked before it leaves") {
  Use use(port(GENERATE(true, false)));
  CHECK(use.echo(nullptr) == BH_INVALID_ARGUMENT);
  bh_state_params params = {sizeof params, 7, {nullptr, 5}};
  CHECK(use.echo(&params) == BH_INVALID_ARGUMENT);
  params = {4, 7, {nullptr, 0}};
  CHECK(use.echo(&params) == BH_INVALID_ARGUMENT);
  use.call.stop(Stop::deadline);
  CHECK(use.echo(7, "x") == BH_DEADLINE_EXCEEDED);
}

TEST_CASE("a message to a service is bounded, and an unknown method refused") {
  auto port = std::make_shared<MessagePort>();
  Use use(port);
  port->number = 1;
  CHECK(use.echo(7, "x") == BH_UNSUPPORTED);
  CHECK_THAT(use.call.error(), Contains("test.echo/1 has no method 1"));
  port->number = 0;
  port->limit = 8;
  CHECK(use.echo(7, "x") == BH_RESOURCE_EXHAUSTED);
}
