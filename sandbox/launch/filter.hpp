// Compiles rules to BPF and installs them. Compiled once, in the launcher; a cell patches its own
// pid into its copy.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "sandbox/policy/filter_rules.hpp"

namespace bulkhead::sandbox {

class Filter {
 public:
  // For the architecture of this program; calls of another one (x32 included) kill. Rules for calls
  // that this architecture lacks are left out. A call that no rule fits kills the process, or gets
  // the errno `otherwise`. Throws std::runtime_error with a sentence.
  static Filter compile(std::span<const Part* const> parts, int otherwise = 0);

  // Puts the process's own id where a rule compares with it.
  void bind_to(pid_t pid);
  // Puts the descriptor of the executable where a rule compares with it.
  void bind_to_executable(int place);
  // For the calling thread, or for all threads (TSYNC). Needs no_new_privs. Returns 0 or an errno;
  // EBUSY: a thread could not be synchronised, nothing was installed.
  int install(bool all_threads) const;

  std::size_t rule_count() const { return rules_; }
  std::span<const sock_filter> program() const { return program_; }

 private:
  void replace(std::uint32_t value, std::uint32_t with);

  std::vector<sock_filter> program_;
  std::size_t rules_ = 0;
};

}  // namespace bulkhead::sandbox
