#include "host/runtime/json_call.hpp"

#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <capnp/schema.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "registry/manifest/words.hpp"
#include "sdk/wire/outcome.hpp"

namespace bulkhead::host {
namespace {

using nlohmann::json;

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

[[noreturn]] void refuse(const std::string& sentence) {
  throw Error(Status::invalid_argument, sentence);
}

std::string encode_base64(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j > bytes.size() ? '=' : kBase64[group >> (18 - 6 * j) & 63];
    }
  }
  return text;
}

std::string decode_base64(const std::string& text, const std::string& where) {
  std::string bytes;
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    const char* digit = std::char_traits<char>::find(kBase64, 64, c);
    if (digit == nullptr) refuse(where + " is no base64");
    group = group << 6 | static_cast<std::uint32_t>(digit - kBase64);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(group >> bits & 255);
    }
  }
  return bytes;
}

void write_struct(const json& from, capnp::DynamicStruct::Builder to, const std::string& where);

template <class Integer>
Integer integer(const json& from, const std::string& where) {
  if (!from.is_number_integer()) refuse(where + " must be a whole number");
  if (from.is_number_unsigned()) {
    const auto value = from.get<std::uint64_t>();
    if (std::in_range<Integer>(value)) return static_cast<Integer>(value);
  } else if (std::in_range<Integer>(from.get<std::int64_t>())) {
    return static_cast<Integer>(from.get<std::int64_t>());
  }
  refuse(where + " is out of range");
}

std::string bytes_of(const json& from, const std::string& where) {
  if (from.is_string()) return from.get<std::string>();
  if (from.is_object() && from.size() == 1 && from.contains("base64") &&
      from["base64"].is_string()) {
    return decode_base64(from["base64"].get<std::string>(), where + ".base64");
  }
  refuse(where + " must be a string or {\"base64\": \"...\"}");
}

// Sets through `set`, a callable that takes a capnp::DynamicValue::Reader.
template <class Set>
void write_scalar(const json& from, capnp::Type type, const std::string& where, Set&& set) {
  switch (type.which()) {
    case capnp::schema::Type::BOOL:
      if (!from.is_boolean()) refuse(where + " must be true or false");
      return set(from.get<bool>());
    case capnp::schema::Type::INT32:
      return set(integer<std::int32_t>(from, where));
    case capnp::schema::Type::INT64:
      return set(integer<std::int64_t>(from, where));
    case capnp::schema::Type::UINT16:
      return set(integer<std::uint16_t>(from, where));
    case capnp::schema::Type::UINT32:
      return set(integer<std::uint32_t>(from, where));
    case capnp::schema::Type::UINT64:
      return set(integer<std::uint64_t>(from, where));
    case capnp::schema::Type::FLOAT64:
      if (!from.is_number()) refuse(where + " must be a number");
      return set(from.get<double>());
    case capnp::schema::Type::TEXT: {
      if (!from.is_string()) refuse(where + " must be a string");
      const auto text = from.get<std::string>();
      if (text.find('\0') != std::string::npos) {
        refuse(where + " holds a NUL character, which no text may hold");
      }
      return set(text.c_str());
    }
    case capnp::schema::Type::DATA: {
      const std::string bytes = bytes_of(from, where);
      return set(
          capnp::Data::Reader(reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()));
    }
    default:
      refuse(where + " can't be written as JSON");
  }
}

void write_list(const json& from, capnp::DynamicList::Builder to, const std::string& where) {
  for (capnp::uint i = 0; i < to.size(); ++i) {
    const std::string element = where + "[" + std::to_string(i) + "]";
    if (to.getSchema().whichElementType() == capnp::schema::Type::STRUCT) {
      write_struct(from[i], to[i].as<capnp::DynamicStruct>(), element);
    } else {
      write_scalar(from[i], to.getSchema().getElementType(), element,
                   [&](const capnp::DynamicValue::Reader& value) { to.set(i, value); });
    }
  }
}

void write_struct(const json& from, capnp::DynamicStruct::Builder to, const std::string& where) {
  if (!from.is_object()) refuse(where + " must be an object");
  for (const auto& [key, value] : from.items()) {
    const std::string name = where + "." + key;
    KJ_IF_MAYBE (field, to.getSchema().findFieldByName(key.c_str())) {
      const capnp::Type type = field->getType();
      if (type.isStruct()) {
        write_struct(value, to.init(*field).as<capnp::DynamicStruct>(), name);
      } else if (type.isList()) {
        if (!value.is_array()) refuse(name + " must be an array");
        write_list(value,
                   to.init(*field, static_cast<capnp::uint>(value.size())).as<capnp::DynamicList>(),
                   name);
      } else {
        write_scalar(value, type, name,
                     [&](const capnp::DynamicValue::Reader& set) { to.set(*field, set); });
      }
    } else {
      std::vector<std::string> known;
      for (auto field : to.getSchema().getFields()) {
        known.push_back(field.getProto().getName().cStr());
      }
      const std::string near = manifest::nearest(key, known);
      std::string list;
      for (const std::string& one : known) list += (list.empty() ? "" : ", ") + one;
      refuse(name + " does not exist; the fields of " + where + " are " +
             (list.empty() ? "none" : list) +
             (near.empty() ? "" : ". Did you mean '" + near + "'?"));
    }
  }
}

bool valid_utf8(const std::string& text) {
  try {
    static_cast<void>(json(text).dump());
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

json read_value(const capnp::DynamicValue::Reader& from) {
  switch (from.getType()) {
    case capnp::DynamicValue::BOOL:
      return from.as<bool>();
    case capnp::DynamicValue::INT:
      return from.as<std::int64_t>();
    case capnp::DynamicValue::UINT:
      return from.as<std::uint64_t>();
    case capnp::DynamicValue::FLOAT:
      return from.as<double>();
    case capnp::DynamicValue::TEXT: {
      const auto text = from.as<capnp::Text>();
      return std::string(text.cStr(), text.size());
    }
    case capnp::DynamicValue::DATA: {
      const auto data = from.as<capnp::Data>();
      std::string bytes(reinterpret_cast<const char*>(data.begin()), data.size());
      if (valid_utf8(bytes)) return bytes;
      return {{"base64", encode_base64(bytes)}};
    }
    case capnp::DynamicValue::LIST: {
      json list = json::array();
      for (const auto element : from.as<capnp::DynamicList>()) list.push_back(read_value(element));
      return list;
    }
    case capnp::DynamicValue::STRUCT: {
      json object = json::object();
      const auto value = from.as<capnp::DynamicStruct>();
      for (const auto field : value.getSchema().getFields()) {
        object[field.getProto().getName().cStr()] = read_value(value.get(field));
      }
      return object;
    }
    default:
      return nullptr;
  }
}

const wire::MethodInfo& find_method(const wire::InterfaceInfo& interface, std::string_view method) {
  std::string list;
  std::vector<std::string> names;
  for (const wire::MethodInfo& known : interface.methods()) {
    if (method == known.name) return known;
    list += (list.empty() ? "" : ", ") + std::string(known.name);
    names.push_back(known.name);
  }
  const std::string near = manifest::nearest(method, names);
  throw Error(Status::not_found, std::string(interface.name) + " has no method '" +
                                     std::string(method) + "'; it has " + list +
                                     (near.empty() ? "" : ". Did you mean '" + near + "'?"));
}

}  // namespace

std::string call_json(InstanceState& instance, Call& call, std::string_view interface,
                      std::string_view method, std::string_view params) {
  const wire::InterfaceInfo* known = wire::find_interface(interface);
  if (known == nullptr) {
    std::string list;
    for (const auto& one : wire::interfaces())
      list += (list.empty() ? "" : ", ") + std::string(one.name);
    throw Error(Status::not_found, "this version of Bulkhead does not know the interface '" +
                                       std::string(interface) + "'; it knows " + list);
  }
  if (instance.endpoint.closed) throw Error(Status::unavailable, "the host is closed");
  const wire::MethodInfo& found = find_method(*known, method);
  const json parsed = json::parse(params, nullptr, false);
  if (parsed.is_discarded()) refuse("the params are no JSON");
  // Written first on its own, so that a mistake in it is told before anything is sent.
  capnp::MallocMessageBuilder message;
  write_struct(parsed, message.initRoot<capnp::DynamicStruct>(found.params), "params");
  if (!found.params_handle.empty()) {
    auto root = message.getRoot<capnp::DynamicStruct>(found.params);
    const auto handle = root.get(found.params_handle.c_str()).as<std::uint64_t>();
    call.set_run(wire::run_of(handle));
    root.set(found.params_handle.c_str(), wire::unmarked(handle));
  } else {
    call.set_run(0);
  }
  std::string answer;
  bh_status status = instance.endpoint.channel->call(
      call, known->name, found.number,
      [&](capnp::AnyPointer::Builder to) {
        to.setAs<capnp::DynamicStruct>(
            message.getRoot<capnp::DynamicStruct>(found.params).asReader());
      },
      [&](wire::CallContext& at, capnp::AnyPointer::Reader from) -> bh_status {
        const bh_status right =
            known->check(at, found.number, message.getRoot<capnp::AnyPointer>().asReader(), from);
        if (right != BH_OK) return right;
        json result = read_value(from.getAs<capnp::DynamicStruct>(found.results));
        if (!found.results_handle.empty()) {
          json& handle = result[found.results_handle];
          handle = wire::marked(handle.get<std::uint64_t>() & wire::kHandleMask, at.run());
        }
        answer = result.dump(-1, ' ', false, json::error_handler_t::replace);
        return BH_OK;
      });
  instance.endpoint.counters->count(status != BH_OK);
  if (status != BH_OK) {
    status = wire::explain(status, call, instance.endpoint.label, found.name);
    throw Error(static_cast<Status>(status), call.error());
  }
  return answer;
}

}  // namespace bulkhead::host
