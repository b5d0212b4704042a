#include "sdk/wire/plugin_object.hpp"

#include <kj/exception.h>

#include <new>

namespace bulkhead::wire {
namespace {

bh_status no_memory(CallContext& context) {
  context.fail(
      "memory ran out where the plugin runs; a cell has what limits.memory of the policy gives it: "
      "ask for less at once, or raise that");
  return BH_OUT_OF_MEMORY;
}

}  // namespace

PluginObject::PluginObject(const bh_descriptor* descriptor, bh_instance* instance,
                           std::unique_ptr<Services> services)
    : descriptor_(descriptor), instance_(instance), services_(std::move(services)) {}

PluginObject::~PluginObject() { descriptor_->close(instance_); }

std::unique_ptr<PluginObject> PluginObject::open(const bh_descriptor* descriptor,
                                                 std::span<const bh_config_entry> config,
                                                 std::unique_ptr<Services> services,
                                                 CallContext& context, bh_status& status) {
  const bh_open_params params = {sizeof(bh_open_params), static_cast<std::uint32_t>(config.size()),
                                 config.data(), services.get()};
  bh_instance* instance = nullptr;
  try {
    status = descriptor->open(&context, &params, &instance);
  } catch (const std::exception& exception) {
    context.fail(std::string("the plugin let a C++ exception escape: ") + exception.what());
    status = BH_INTERNAL;
  }
  if (status == BH_OK && instance == nullptr) {
    context.fail("open succeeded but gave no instance");
    status = BH_PROTOCOL_ERROR;
  }
  if (status != BH_OK) return nullptr;
  return std::unique_ptr<PluginObject>(new PluginObject(descriptor, instance, std::move(services)));
}

const void* PluginObject::table(const InterfaceInfo& interface, std::string& why) {
  const std::lock_guard lock(mutex_);
  if (const auto found = tables_.find(&interface); found != tables_.end()) return found->second;
  const void* table = descriptor_->get_interface(instance_, interface.name);
  if (table == nullptr) {
    why = std::string("the plugin does not offer ") + interface.name;
    return nullptr;
  }
  if (const std::string problem = interface.check_table(table); !problem.empty()) {
    why = std::string("the plugin's ") + interface.name + " can't be used: " + problem;
    return nullptr;
  }
  return tables_.emplace(&interface, table).first->second;
}

bh_status PluginObject::dispatch(CallContext& context, std::string_view interface,
                                 std::uint16_t method, capnp::AnyPointer::Reader params,
                                 capnp::AnyPointer::Builder results) {
  const InterfaceInfo* known = find_interface(interface);
  if (known == nullptr) {
    context.fail("this version of Bulkhead does not know the interface " + std::string(interface));
    return BH_UNSUPPORTED;
  }
  std::string why;
  const void* found = table(*known, why);
  if (found == nullptr) {
    context.fail(why);
    return BH_UNSUPPORTED;
  }
  try {
    return known->dispatch(found, instance_, context, method, params, results);
  } catch (const kj::Exception& exception) {
    // What Cap'n Proto throws when calloc() fails, in the words of its source.
    if (exception.getType() == kj::Exception::Type::OVERLOADED) return no_memory(context);
    context.fail(std::string("the message could not be read or built: ") +
                 exception.getDescription().cStr());
    return BH_RESOURCE_EXHAUSTED;
  } catch (const std::bad_alloc&) {
    return no_memory(context);
  } catch (const std::exception& exception) {
    context.fail(std::string("the plugin let a C++ exception escape: ") + exception.what());
    return BH_INTERNAL;
  }
}

}  // namespace bulkhead::wire
