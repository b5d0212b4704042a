#include "tests/sandbox/bpf_machine.hpp"

#include <cstring>
#include <stdexcept>

namespace bulkhead::test {

std::uint32_t run_bpf(std::span<const sock_filter> program, const seccomp_data& call) {
  std::uint32_t accumulator = 0;
  for (std::size_t at = 0; at < program.size();) {
    const sock_filter& step = program[at++];
    bool jump = false;
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (step.k % 4 != 0 || step.k + 4 > sizeof call) throw std::runtime_error("bad load");
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&call) + step.k, 4);
        continue;
      case BPF_ALU | BPF_AND | BPF_K:
        accumulator &= step.k;
        continue;
      case BPF_JMP | BPF_JA:
        at += step.k;
        continue;
      case BPF_RET | BPF_K:
        return step.k;
      case BPF_JMP | BPF_JEQ | BPF_K:
        jump = accumulator == step.k;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        jump = accumulator > step.k;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        jump = accumulator >= step.k;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        jump = (accumulator & step.k) != 0;
        break;
      default:
        throw std::runtime_error("unknown instruction");
    }
    at += jump ? step.jt : step.jf;
  }
  throw std::runtime_error("the program runs out of its end");
}

}  // namespace bulkhead::test
