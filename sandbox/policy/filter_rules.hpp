// What a system call filter is made of: rules in named parts, each with its reason. Pure data: the
// compiler of it is sandbox/launch/filter.hpp, and tests run every rule through a BPF simulator.
//
// A call that no rule names kills the process. A rule allows, or answers an errno where a library
// only probes. Comparisons are equality, inequality and masked equality: the libseccomp of Debian
// 12 miscompiles ordered ones (GHSA-4q85-33p6-j5g6).
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace bulkhead::sandbox {

enum class Compare : std::uint8_t { none, equal, not_equal, masked_equal };

struct Argument {
  unsigned index = 0;
  Compare compare = Compare::none;
  std::uint64_t mask = 0;  // masked_equal only
  std::uint64_t value = 0;
};

// The kernel reads an int argument from the low half of the register: the high half is not
// compared.
constexpr Argument is_int(unsigned index, std::uint32_t value) {
  return {index, Compare::masked_equal, 0xffffffffu, value};
}
constexpr Argument bits_are(unsigned index, std::uint64_t mask, std::uint64_t value) {
  return {index, Compare::masked_equal, mask, value};
}
constexpr Argument is(unsigned index, std::uint64_t value) {
  return {index, Compare::equal, 0, value};
}
constexpr Argument is_not(unsigned index, std::uint64_t value) {
  return {index, Compare::not_equal, 0, value};
}

// All arguments given must fit. Several rules for one call are alternatives, and must not overlap
// where their answers differ.
struct Rule {
  const char* call;
  int refuse_with = 0;  // 0: allowed; else the errno
  std::array<Argument, 3> arguments{};
};

struct Part {
  const char* name;
  const char* why;
  std::span<const Rule> rules;
};

// Stands for the process's own id where a rule compares with it: no process has it (the kernel's
// highest is 4194304), and the cell patches its compiled filter before it installs it.
constexpr std::uint32_t kOwnPid = 0x7fffff01;

// Stands for the descriptor of a cell's executable; patched in the same way.
constexpr std::uint32_t kExecutablePlace = 0x7fffff02;

// Filter A, before the plugin is loaded: its constructors run under it.
std::span<const Part* const> load_filter();
// Filter B, before the first call: A without opening files, without executable mappings and without
// new filters. Both hold from then on.
std::span<const Part* const> lock_filter();
// The two of a development cell: files can be opened for reading after the lock, too, and what the
// reports of sanitizers need.
std::span<const Part* const> development_load_filter();
std::span<const Part* const> development_lock_filter();
// The one filter of a cell whose plugin is an executable: A with one exec, and with what a program
// and its language's runtime do when they start. There is no lock: the program is not ours.
std::span<const Part* const> exec_filter();
// The filter of a command that is kept for a job: any program of the system, with the processes and
// files that it makes in its jail. To be compiled with ENOSYS for every other call, which is what a
// program sees on a kernel that lacks it.
std::span<const Part* const> command_filter();
// Filter of the tiny pid 1 of a cell's pid namespace: it waits, reports and ends.
std::span<const Part* const> init_filter();

}  // namespace bulkhead::sandbox
