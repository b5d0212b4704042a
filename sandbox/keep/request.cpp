#include "sandbox/keep/request.hpp"

#include <cstring>

namespace bulkhead::sandbox {
namespace {

constexpr std::uint32_t kVersion = 1;

void put(std::string& out, std::uint64_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
void put(std::string& out, std::string_view text) {
  put(out, std::uint64_t{text.size()});
  out.append(text);
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  std::uint64_t number() {
    std::uint64_t value = 0;
    if (rest_.size() < sizeof value) return fail();
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  std::string text() {
    const std::uint64_t size = number();
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }
  // Of entries that take 8 bytes each at least.
  std::uint64_t count() {
    const std::uint64_t value = number();
    return value > rest_.size() / 8 ? fail() : value;
  }
  bool done() const { return ok_ && rest_.empty(); }

 private:
  std::uint64_t fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool ok_ = true;
};

bool has_zero(std::string_view text) { return text.find('\0') != text.npos; }

}  // namespace

std::string request_fault(const KeepRequest& request) {
  if (request.arguments.empty() || request.arguments[0].empty()) {
    return "A command needs a program: its arguments are empty.";
  }
  for (const std::string& argument : request.arguments) {
    if (has_zero(argument)) return "An argument of the command has a zero byte.";
  }
  for (const auto& [name, value] : request.environment) {
    if (name.empty() || name.find('=') != name.npos || has_zero(name) || has_zero(value)) {
      return "The environment variable \"" + name +
             "\" of the command needs a name without \"=\", and no zero byte.";
    }
  }
  if (request.work_bytes == 0 || request.log_bytes == 0) {
    return "The limits on a command's folder and log can't be 0.";
  }
  if (request.processes < 2 || request.descriptors < 16) {
    return "A command needs at least 2 processes and 16 descriptors.";
  }
  if (encode(request).size() > kMaxRequestBytes) {
    return "The command's arguments and environment have more than 1 MiB together.";
  }
  return {};
}

std::string encode(const KeepRequest& request) {
  std::string out;
  for (const std::uint64_t value :
       {std::uint64_t{kVersion}, request.timeout_ns, request.work_bytes, request.log_bytes,
        request.memory_bytes, std::uint64_t{request.processes}, std::uint64_t{request.descriptors},
        std::uint64_t{request.arguments.size()}}) {
    put(out, value);
  }
  for (const std::string& argument : request.arguments) put(out, argument);
  put(out, std::uint64_t{request.environment.size()});
  for (const auto& [name, value] : request.environment) {
    put(out, name);
    put(out, value);
  }
  return out;
}

bool decode(std::string_view bytes, KeepRequest& request) {
  Reader reader(bytes);
  if (bytes.size() > kMaxRequestBytes || reader.number() != kVersion) return false;
  request = {};
  request.timeout_ns = reader.number();
  request.work_bytes = reader.number();
  request.log_bytes = reader.number();
  request.memory_bytes = reader.number();
  request.processes = static_cast<std::uint32_t>(reader.number());
  request.descriptors = static_cast<std::uint32_t>(reader.number());
  for (std::uint64_t i = reader.count(); i != 0; --i) request.arguments.push_back(reader.text());
  for (std::uint64_t i = reader.count(); i != 0; --i) {
    std::string name = reader.text();
    request.environment.emplace_back(std::move(name), reader.text());
  }
  return reader.done() && request_fault(request).empty();
}

}  // namespace bulkhead::sandbox
