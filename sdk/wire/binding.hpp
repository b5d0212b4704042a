// An interface as data: its methods, the structs that they take and give, and the table that a host
// gives out for it. Everything else (calls in process and over a channel, submitted calls, the far
// side, the checks) is the same for all interfaces, and is in binding.cpp.
//
// bulkhead.codec/1 has a binding of its own (codec.cpp), because its direct calls may cost a few
// nanoseconds only.
#pragma once

#include <capnp/any.h>
#include <capnp/schema.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sdk/wire/interfaces.hpp"
#include "sdk/wire/layout.hpp"

namespace bulkhead::wire {

struct MethodBinding {
  const char* name;  // as in the C table
  std::uint16_t number;
  const Layout& (*params)();
  const Layout& (*result)();
  capnp::StructSchema (*params_schema)();
  capnp::StructSchema (*results_schema)();
  bh_status (*invoke)(const void* table, bh_call* call, bh_instance* instance, const void* params,
                      void* result);
  bool (*present)(const void* table);
  // Whether a valid result is an answer to these params; null: always.
  bool (*answers)(const void* params, const void* result);
};

struct InterfaceBinding {
  const char* name;
  std::size_t index;  // in Endpoint::tables
  std::size_t table_size;
  std::span<const MethodBinding> methods;  // by number
};

bh_status run(const InterfaceBinding& binding, std::uint16_t method, bh_call* call,
              bh_instance* handle, const void* params, void* result);
bh_status submit(const InterfaceBinding& binding, bh_call* call, bh_instance* handle,
                 std::uint32_t method, const void* params, void* result, bh_completion done);
bh_status dispatch(const InterfaceBinding& binding, const void* table, bh_instance* instance,
                   CallContext& context, std::uint16_t method, capnp::AnyPointer::Reader params,
                   capnp::AnyPointer::Builder results,
                   std::uint64_t params_limit = Scratch::kUnlimited);
bh_status check_results(const InterfaceBinding& binding, CallContext& context, std::uint16_t method,
                        capnp::AnyPointer::Reader params, capnp::AnyPointer::Reader results);
// The parts of these, for services (service.hpp).
bh_status check_caller(const MethodBinding& method, const void* params, const void* result,
                       CallContext& context);
bool keeps_contract(const MethodBinding& method, const void* params, const void* result,
                    const CallContext& context);
void write_params(const MethodBinding& method, const void* params,
                  capnp::AnyPointer::Builder message);
bh_status read_results(const MethodBinding& method, const void* params, void* result,
                       CallContext& context, capnp::AnyPointer::Reader message);
// A call that came as a message: its params and its result as C structs.
class IncomingCall {
 public:
  IncomingCall(const MethodBinding& method, std::uint64_t params_limit)
      : method_(method), memory_(params_limit) {}
  bh_status take(CallContext& context, capnp::AnyPointer::Reader message);
  bh_status give(CallContext& context, capnp::AnyPointer::Builder message);
  const void* params() const { return params_; }
  void* result() const { return result_; }

 private:
  const MethodBinding& method_;
  Scratch memory_;
  void* params_ = nullptr;
  void* result_ = nullptr;
};

std::string check_table(const InterfaceBinding& binding, const void* table);
std::vector<MethodInfo> describe_methods(const InterfaceBinding& binding);

// The parts of a method's type in a C table.
template <class T>
struct MethodType;
template <class Table, class P, class R>
struct MethodType<bh_status (*Table::*)(bh_call*, bh_instance*, const P*, R*)> {
  using In = Table;
  using Params = P;
  using Result = R;
  static bh_instance* self(const Table*, bh_instance* instance) { return instance; }
};
// A service's: it gets its own table where an interface gets the instance.
template <class Table, class P, class R>
struct MethodType<bh_status (*Table::*)(bh_call*, const Table*, const P*, R*)> {
  using In = Table;
  using Params = P;
  using Result = R;
  static const Table* self(const Table* table, bh_instance*) { return table; }
};

template <auto Member, class ParamsMessage, class ResultsMessage>
constexpr MethodBinding method(const char* name, std::uint16_t number,
                               bool (*answers)(const void*, const void*) = nullptr) {
  using Type = MethodType<decltype(Member)>;
  using Table = typename Type::In;
  using Params = typename Type::Params;
  using Result = typename Type::Result;
  return {name,
          number,
          layout<Params>,
          layout<Result>,
          [] { return capnp::StructSchema(capnp::Schema::from<ParamsMessage>()); },
          [] { return capnp::StructSchema(capnp::Schema::from<ResultsMessage>()); },
          [](const void* table, bh_call* call, bh_instance* instance, const void* params,
             void* result) {
            const auto* own = static_cast<const Table*>(table);
            return (own->*Member)(call, Type::self(own, instance),
                                  static_cast<const Params*>(params), static_cast<Result*>(result));
          },
          [](const void* table) { return static_cast<const Table*>(table)->*Member != nullptr; },
          answers};
}

// One function of the table that is given out.
template <const InterfaceBinding& Binding, auto Member, std::uint16_t Number>
bh_status entry(bh_call* call, bh_instance* handle,
                const typename MethodType<decltype(Member)>::Params* params,
                typename MethodType<decltype(Member)>::Result* result) {
  return run(Binding, Number, call, handle, params, result);
}
template <const InterfaceBinding& Binding>
bh_status entry_submit(bh_call* call, bh_instance* handle, std::uint32_t method, const void* params,
                       void* result, bh_completion done) {
  return submit(Binding, call, handle, method, params, result, done);
}

template <const InterfaceBinding& Binding>
InterfaceInfo interface_info(const void* table) {
  return {Binding.name,
          Binding.index,
          table,
          [](const void* own, bh_instance* instance, CallContext& context, std::uint16_t method,
             capnp::AnyPointer::Reader params, capnp::AnyPointer::Builder results) {
            return dispatch(Binding, own, instance, context, method, params, results);
          },
          [](CallContext& context, std::uint16_t method, capnp::AnyPointer::Reader params,
             capnp::AnyPointer::Reader results) {
            return check_results(Binding, context, method, params, results);
          },
          [](const void* own) { return check_table(Binding, own); },
          []() -> std::span<const MethodInfo> {
            static const std::vector<MethodInfo> all = describe_methods(Binding);
            return all;
          }};
}

}  // namespace bulkhead::wire
