// A machine for the BPF that seccomp filters are made of: what the kernel would answer to a call.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <span>

namespace bulkhead::test {

// SECCOMP_RET_*. Throws std::runtime_error for a program that the kernel would refuse.
std::uint32_t run_bpf(std::span<const sock_filter> program, const seccomp_data& call);

}  // namespace bulkhead::test
