// What a command is and what it may use, as the host hands it to a keeper.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead::sandbox {

struct KeepRequest {
  std::vector<std::string> arguments;  // the program first; without "/" it is looked up in PATH
  std::vector<std::pair<std::string, std::string>> environment;
  std::uint64_t timeout_ns = 0;  // 0: none
  std::uint64_t work_bytes = std::uint64_t{1} << 30;
  std::uint64_t log_bytes = std::uint64_t{64} << 20;
  std::uint64_t memory_bytes = 0;  // of each process; 0: no limit
  std::uint32_t processes = 1024;
  std::uint32_t descriptors = 1024;
};

constexpr std::size_t kMaxRequestBytes = std::size_t{1} << 20;

// Empty, or what makes it no request: a sentence.
std::string request_fault(const KeepRequest& request);

std::string encode(const KeepRequest& request);
// False: it is no encoded request.
bool decode(std::string_view bytes, KeepRequest& request);

}  // namespace bulkhead::sandbox
