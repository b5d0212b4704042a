// A service that the host lends to an instance, as data: a table whose methods have the form
// method(call, self, params, result), described with the same layouts as an interface
// (binding.hpp). The plugin gets the same table in both isolations; behind it is a port, to the
// host's own table in process, or to a cell's socket.
//
// To add a service: its header in bulkhead/abi/draft/, its messages in sdk/schema/draft/, a file
// here like draft_state.cpp with a ServiceBinding, and a line in service_bindings(). Then the host
// lends it: host/services/lent.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "sdk/wire/binding.hpp"

namespace bulkhead::wire {

// Runs a method of one service of one instance, wherever the host is. The params are checked; a
// failure leaves its words in the context. On the thread of the call.
class ServicePort {
 public:
  virtual ~ServicePort() = default;
  virtual bh_status call(CallContext& context, const MethodBinding& method, const void* params,
                         void* result) = 0;
};

// What a plugin holds: `table` is the C table.
class GivenService {
 public:
  virtual ~GivenService() = default;
  virtual const void* table() const = 0;
};

struct ServiceBinding {
  InterfaceBinding interface;  // its index is not used
  std::unique_ptr<GivenService> (*give)(std::shared_ptr<ServicePort> port);
};

extern const ServiceBinding kCommandsService;

std::span<const ServiceBinding* const> service_bindings();
const ServiceBinding* find_service(std::string_view name);

// A service that stands behind a port.
struct LentService {
  const ServiceBinding* binding;
  std::shared_ptr<ServicePort> port;
};

// A port to the host's own table, in the same process. `keep` lives as long as the port.
std::shared_ptr<ServicePort> local_port(const void* table, std::shared_ptr<const void> keep);

bh_status use_service(const MethodBinding& method, ServicePort& port, bh_call* call,
                      const void* params, void* result);

// Runs a method that came as a message: the host's side of a cell's port. Throws kj::Exception for
// a message that is none.
bh_status serve(const LentService& service, CallContext& context, std::uint16_t method,
                capnp::AnyPointer::Reader params, capnp::AnyPointer::Builder results,
                std::uint64_t params_limit);

template <class Table>
struct GivenTable final : Table, GivenService {
  GivenTable(const Table& functions, std::shared_ptr<ServicePort> behind)
      : Table(functions), port(std::move(behind)) {}
  const void* table() const override { return static_cast<const Table*>(this); }
  std::shared_ptr<ServicePort> port;
};

// One function of the table that a plugin gets.
template <const ServiceBinding& Binding, auto Member, std::uint16_t Number>
bh_status service_entry(bh_call* call, const typename MethodType<decltype(Member)>::In* self,
                        const typename MethodType<decltype(Member)>::Params* params,
                        typename MethodType<decltype(Member)>::Result* result) {
  using Table = typename MethodType<decltype(Member)>::In;
  return use_service(Binding.interface.methods[Number],
                     *static_cast<const GivenTable<Table>*>(self)->port, call, params, result);
}

template <class Table, const Table& Functions>
std::unique_ptr<GivenService> give(std::shared_ptr<ServicePort> port) {
  return std::make_unique<GivenTable<Table>>(Functions, std::move(port));
}

}  // namespace bulkhead::wire
