#include "sdk/wire/binding.hpp"

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include "sdk/wire/outcome.hpp"

namespace bulkhead::wire {
namespace {

std::uint64_t& handle_in(void* data, const Field& field) {
  return *reinterpret_cast<std::uint64_t*>(static_cast<std::byte*>(data) + field.offset);
}

// The params as the plugin gets them: the caller's own, or a copy with the plugin's part of the
// handle. Sets the run that the call is for.
class ParamsForRun {
 public:
  ParamsForRun(const Layout& layout, const void* params, CallContext& context) : data_(params) {
    context.set_run(0);
    const Field* field = handle_field(layout);
    if (field == nullptr) return;
    copy_.reset(new std::byte[layout.size]);
    std::memcpy(copy_.get(), params, layout.size);
    std::uint64_t& handle = handle_in(copy_.get(), *field);
    context.set_run(run_of(handle));
    handle = unmarked(handle);
    data_ = copy_.get();
  }
  const void* get() const { return data_; }

 private:
  const void* data_;
  std::unique_ptr<std::byte[]> copy_;
};

void mark_run(const Layout& layout, void* result, const CallContext& context) {
  if (const Field* field = handle_field(layout)) {
    std::uint64_t& handle = handle_in(result, *field);
    handle = marked(handle, context.run());
  }
}

bool sized(const void* data, const Layout& layout) {
  std::uint32_t size = 0;
  if (data == nullptr) return false;
  std::memcpy(&size, data, sizeof size);
  return size >= layout.size;
}

bh_status run_direct(const Endpoint& endpoint, const MethodBinding& method, const void* table,
                     CallContext& context, const void* params, void* result) {
  if (context.run() != 0 && context.run() != kFirstRun) return BH_NOT_FOUND;
  context.set_run(kFirstRun);
  context.begin_direct(endpoint.default_timeout, &endpoint.closed);
  const bh_status status = method.invoke(table, &context, endpoint.instance, params, result);
  if (status != BH_OK) return status;
  return keeps_contract(method, params, result, context) ? BH_OK : BH_PROTOCOL_ERROR;
}

bh_status closed(CallContext& context) {
  context.fail("the host is closed");
  return BH_UNAVAILABLE;
}

// A submitted call, from submit to its completion.
struct Submitted {
  Endpoint* endpoint;
  CallContext* context;
  const char* method;
  bh_completion done;

  static void finish(void* user, bh_status status) {
    const std::unique_ptr<Submitted> self(static_cast<Submitted*>(user));
    self->endpoint->counters->count(status != BH_OK);
    if (status != BH_OK) {
      status = explain(status, *self->context, self->endpoint->label, self->method);
    }
    self->done.fn(self->done.user, status);
  }
};

bh_status start(const InterfaceBinding& binding, const MethodBinding& method, Endpoint& endpoint,
                CallContext& context, const void* params, void* result, bh_completion done) {
  if (const bh_status status = check_caller(method, params, result, context); status != BH_OK) {
    return status;
  }
  auto submitted = std::make_unique<Submitted>(Submitted{&endpoint, &context, method.name, done});
  // What an answer is held against must outlive the caller's params: only their counts are used.
  const auto adjusted = std::make_shared<ParamsForRun>(method.params(), params, context);
  auto copy = std::make_shared<std::vector<std::byte>>(
      static_cast<const std::byte*>(params),
      static_cast<const std::byte*>(params) + method.params().size);
  const bh_status status = endpoint.channel->submit(
      context, binding.name, method.number,
      [&](capnp::AnyPointer::Builder message) { write_params(method, adjusted->get(), message); },
      [&method, result, copy](CallContext& at, capnp::AnyPointer::Reader message) {
        const bh_status read = read_results(method, copy->data(), result, at, message);
        if (read == BH_OK) mark_run(method.result(), result, at);
        return read;
      },
      {&Submitted::finish, submitted.get()});
  if (status == BH_OK) submitted.release();
  return status;
}

bh_status unknown(const InterfaceBinding& binding, CallContext& context, std::uint32_t method,
                  bh_status status) {
  context.fail(std::string(binding.name) + " has no method " + std::to_string(method));
  return status;
}

}  // namespace

bh_status check_caller(const MethodBinding& method, const void* params, const void* result,
                       CallContext& context) {
  if (!sized(params, method.params()) || !sized(result, method.result())) {
    context.fail("params or result is null, or its struct_size is smaller than this host's header");
    return BH_INVALID_ARGUMENT;
  }
  if (!valid(method.params(), params, nullptr)) {
    context.fail(
        "a list, text or tensor of the params has a size but no memory, or a tensor is not "
        "compact or not in CPU memory");
    return BH_INVALID_ARGUMENT;
  }
  return BH_OK;
}

bool keeps_contract(const MethodBinding& method, const void* params, const void* result,
                    const CallContext& context) {
  const Field* handle = handle_field(method.result());
  if (handle != nullptr && handle_in(const_cast<void*>(result), *handle) > kHandleMask) {
    return false;
  }
  return valid(method.result(), result, &context) &&
         (method.answers == nullptr || method.answers(params, result));
}

void write_params(const MethodBinding& method, const void* params,
                  capnp::AnyPointer::Builder message) {
  write(method.params(), params, message.initAs<capnp::DynamicStruct>(method.params_schema()));
}

bh_status read_results(const MethodBinding& method, const void* params, void* result,
                       CallContext& context, capnp::AnyPointer::Reader message) {
  ResultMemory memory(context);
  const bh_status status =
      read(method.result(), message.getAs<capnp::DynamicStruct>(method.results_schema()), memory,
           result);
  if (status != BH_OK) return status;
  return keeps_contract(method, params, result, context) ? BH_OK : BH_PROTOCOL_ERROR;
}

bh_status IncomingCall::take(CallContext& context, capnp::AnyPointer::Reader message) {
  const Layout& params = method_.params();
  const Layout& result = method_.result();
  params_ = memory_.allocate(params.size);
  result_ = memory_.allocate(result.size);
  bh_status status = BH_OUT_OF_MEMORY;
  if (params_ != nullptr && result_ != nullptr) {
    std::memset(params_, 0, params.size);
    std::memset(result_, 0, result.size);
    const auto size = static_cast<std::uint32_t>(result.size);
    std::memcpy(result_, &size, sizeof size);
    status = read(params, message.getAs<capnp::DynamicStruct>(method_.params_schema()), memory_,
                  params_);
  }
  if (status == BH_OK) return status;
  if (status == BH_OUT_OF_MEMORY) {
    context.fail("the params need more memory than they may have");
    return BH_RESOURCE_EXHAUSTED;
  }
  context.fail("a tensor's bytes do not fit its shape");
  return BH_INVALID_ARGUMENT;
}

bh_status IncomingCall::give(CallContext& context, capnp::AnyPointer::Builder message) {
  if (!keeps_contract(method_, params_, result_, context)) return BH_PROTOCOL_ERROR;
  write(method_.result(), result_, message.initAs<capnp::DynamicStruct>(method_.results_schema()));
  return BH_OK;
}

bh_status run(const InterfaceBinding& binding, std::uint16_t number, bh_call* call,
              bh_instance* handle, const void* params, void* result) {
  Endpoint& endpoint = Endpoint::of(handle);
  CallContext& context = CallContext::of(call);
  const MethodBinding& method = binding.methods[number];
  bh_status status = endpoint.closed.load(std::memory_order_relaxed)
                         ? closed(context)
                         : check_caller(method, params, result, context);
  if (status == BH_OK) {
    const ParamsForRun adjusted(method.params(), params, context);
    const void* table = endpoint.tables[binding.index];
    status = table != nullptr && !context.attended()
                 ? run_direct(endpoint, method, table, context, adjusted.get(), result)
                 : endpoint.channel->call(
                       context, binding.name, number,
                       [&](capnp::AnyPointer::Builder message) {
                         write_params(method, adjusted.get(), message);
                       },
                       [&](CallContext& at, capnp::AnyPointer::Reader message) {
                         return read_results(method, adjusted.get(), result, at, message);
                       });
    if (status == BH_OK) mark_run(method.result(), result, context);
  }
  endpoint.counters->count(status != BH_OK);
  return status == BH_OK ? status : explain(status, context, endpoint.label, method.name);
}

bh_status submit(const InterfaceBinding& binding, bh_call* call, bh_instance* handle,
                 std::uint32_t number, const void* params, void* result, bh_completion done) {
  Endpoint& endpoint = Endpoint::of(handle);
  CallContext& context = CallContext::of(call);
  const char* name = "submit";
  bh_status status = BH_OK;
  if (endpoint.closed.load(std::memory_order_relaxed)) {
    status = closed(context);
  } else if (number >= binding.methods.size()) {
    status = unknown(binding, context, number, BH_INVALID_ARGUMENT);
  } else {
    const MethodBinding& method = binding.methods[number];
    name = method.name;
    status = start(binding, method, endpoint, context, params, result, done);
  }
  if (status == BH_OK) return status;
  endpoint.counters->count(true);
  return explain(status, context, endpoint.label, name);
}

bh_status dispatch(const InterfaceBinding& binding, const void* table, bh_instance* instance,
                   CallContext& context, std::uint16_t number, capnp::AnyPointer::Reader params,
                   capnp::AnyPointer::Builder results, std::uint64_t params_limit) {
  if (number >= binding.methods.size()) {
    return unknown(binding, context, number, BH_UNSUPPORTED);
  }
  const MethodBinding& method = binding.methods[number];
  IncomingCall call(method, params_limit);
  if (const bh_status status = call.take(context, params); status != BH_OK) return status;
  const bh_status status = method.invoke(table, &context, instance, call.params(), call.result());
  return status == BH_OK ? call.give(context, results) : status;
}

bh_status check_results(const InterfaceBinding& binding, CallContext& context, std::uint16_t number,
                        capnp::AnyPointer::Reader params, capnp::AnyPointer::Reader results) {
  const MethodBinding& method = binding.methods[number];
  IncomingCall call(method, Scratch::kUnlimited);
  if (const bh_status status = call.take(context, params); status != BH_OK) return status;
  return read_results(method, call.params(), call.result(), context, results);
}

std::string check_table(const InterfaceBinding& binding, const void* table) {
  std::uint32_t size = 0;
  std::memcpy(&size, table, sizeof size);
  if (size < binding.table_size) return "its table is smaller than the contract's";
  std::string missing;
  for (const MethodBinding& method : binding.methods) {
    if (!method.present(table)) missing += std::string(missing.empty() ? "" : ", ") + method.name;
  }
  if (missing.empty()) return {};
  return "its table has null for " + missing + "; only submit may be null";
}

std::vector<MethodInfo> describe_methods(const InterfaceBinding& binding) {
  std::vector<MethodInfo> all;
  for (const MethodBinding& method : binding.methods) {
    const auto handle = [](const Layout& layout) {
      const Field* field = handle_field(layout);
      return field == nullptr ? std::string() : field->name;
    };
    all.push_back({method.name, method.number, method.params_schema(), method.results_schema(),
                   handle(method.params()), handle(method.result())});
  }
  return all;
}

}  // namespace bulkhead::wire
