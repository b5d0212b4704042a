// The cases, as the files of this folder give them: one function a case.
#pragma once

#include <span>

#include "host/check/subject.hpp"

namespace bulkhead::check {

// What a case leaves beside its result.
struct Notes {
  std::vector<std::pair<std::string, double>> figures;
  std::string seen;  // of a case that is ok, where there is something worth knowing
};

struct Case {
  CaseInfo info;
  // Returns: the rule holds. Throws Violation, or Skip.
  void (*run)(Subject&, Notes&);
  // The case is about plugins that offer this; for others it is not even mentioned. Null: all.
  const char* interface = nullptr;
};

std::span<const Case> package_cases();
std::span<const Case> elf_cases();
std::span<const Case> load_cases();
std::span<const Case> call_cases();
std::span<const Case> stop_cases();
std::span<const Case> growth_cases();
std::span<const Case> codec_cases();
std::span<const Case> draft_cases();
std::span<const Case> trainer_cases();
std::span<const Case> isolation_cases();

}  // namespace bulkhead::check
