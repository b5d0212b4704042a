#include "sandbox/policy/facts.hpp"

#include <string.h>

#include <algorithm>

namespace bulkhead::sandbox {
namespace {

constexpr std::uint32_t kLandlockNet = 4, kLandlockScopes = 6;

bool enforced(const std::vector<Finding>& findings, Fact fact) {
  return std::any_of(findings.begin(), findings.end(), [fact](const Finding& finding) {
    return finding.fact == fact && finding.enforced != 0;
  });
}

std::string reason(const Finding& finding) {
  return finding.error == 0 ? std::string() : std::string(" (") + strerror(finding.error) + ")";
}

std::string landlock_sentence(std::uint32_t abi) {
  std::string text = "Landlock ABI " + std::to_string(abi) +
                     ": reads the package and the system's libraries, writes nothing";
  if (abi >= kLandlockNet) text += ", no TCP";
  if (abi >= kLandlockScopes) text += ", no signals and abstract sockets to others";
  return text;
}

std::string limits_sentence(std::uint32_t detail) {
  if (detail == all_limits) {
    return "limits on memory (address space), descriptors, file size and core dumps";
  }
  return (detail & memory_unlimited) != 0 ? "limit on descriptors"
                                          : "limits on memory (address space) and descriptors";
}

std::string enforced_sentence(const Finding& finding) {
  switch (finding.fact) {
    case Fact::filter:
      return "system call filter (seccomp): " + std::to_string(finding.detail) +
             " rules, everything else kills; narrowed again once the plugin is loaded";
    case Fact::exec_filter:
      return "system call filter (seccomp) for an executable: " + std::to_string(finding.detail) +
             " rules, everything else kills";
    case Fact::landlock:
      return landlock_sentence(finding.detail);
    case Fact::no_new_privileges:
      return "no new privileges";
    case Fact::no_capabilities:
      return "no capabilities";
    case Fact::limits:
      return limits_sentence(finding.detail);
    case Fact::thread_limit:
      return "limit on threads";
    case Fact::namespaces:
      return "namespaces: user, pid, mount, net, ipc, uts, cgroup";
    case Fact::private_root:
      return "private root: the package at /package and the system's libraries, all read-only";
    case Fact::unprivileged_user:
      return "unprivileged user";
    case Fact::descriptors:
      return "no inherited descriptors, environment or terminal";
    case Fact::sanitizer_profile:
    case Fact::development:
      return "";
  }
  return "";
}

std::string namespaces_missing(const Finding& finding) {
  const auto stage = static_cast<Stage>(finding.detail);
  return std::string("namespaces and a private root (level 2): ") + stage_words(stage) + " failed" +
         reason(finding) +
         "; allow user namespaces here (sysctl user.max_user_namespaces, "
         "kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns; most "
         "containers refuse them)";
}

std::string missing_sentence(const Finding& finding) {
  switch (finding.fact) {
    case Fact::filter:
    case Fact::exec_filter:
      return "system call filter" + reason(finding);
    case Fact::landlock:
      return "Landlock (level 1)" + reason(finding) +
             ": needs Linux 5.13 or later, built and started with it (lsm=landlock,...)";
    case Fact::no_new_privileges:
      return "no new privileges" + reason(finding);
    case Fact::no_capabilities:
      return "capabilities given up" + reason(finding);
    case Fact::limits:
      return "resource limits" + reason(finding);
    case Fact::thread_limit:
      return "limit on threads: the kernel counts them for each user, so it needs the cell's own "
             "user namespace and Linux 5.14 or later";
    case Fact::namespaces:
      return namespaces_missing(finding);
    case Fact::private_root:
      return "";  // one sentence with the namespaces
    case Fact::unprivileged_user:
      return "unprivileged user: only the superuser can read the package folder, so the cell keeps "
             "that user, without its capabilities; make the folder readable for others";
    case Fact::descriptors:
      return "closing inherited descriptors" + reason(finding);
    case Fact::sanitizer_profile:
      return "sanitizer test profile: this build has sanitizers, which no sandbox lets work; "
             "nothing is enforced";
    case Fact::development:
      return "development profile: debuggers may attach, core dumps are written and sanitizers "
             "work, so what is enforced counts as level 0; never for a plugin that you do not "
             "trust";
  }
  return "";
}

}  // namespace

int level_number(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    if (finding.fact == Fact::development) return 0;
  }
  if (!enforced(findings, Fact::filter) && !enforced(findings, Fact::exec_filter)) return 0;
  for (const Fact fact : {Fact::landlock, Fact::no_new_privileges, Fact::limits}) {
    if (!enforced(findings, fact)) return 0;
  }
  return enforced(findings, Fact::namespaces) && enforced(findings, Fact::private_root) ? 2 : 1;
}

std::vector<std::string> enforced_sentences(const std::vector<Finding>& findings) {
  std::vector<std::string> out;
  for (const Finding& finding : findings) {
    if (finding.enforced == 0) continue;
    if (std::string text = enforced_sentence(finding); !text.empty())
      out.push_back(std::move(text));
  }
  return out;
}

std::vector<std::string> missing_sentences(const std::vector<Finding>& findings) {
  std::vector<std::string> out;
  for (const Finding& finding : findings) {
    if (finding.fact == Fact::landlock && finding.enforced != 0 &&
        finding.detail < kLandlockScopes) {
      out.push_back(
          "Landlock's limits on signals and abstract sockets: need ABI 6 (Linux 6.12), "
          "this kernel has ABI " +
          std::to_string(finding.detail));
    }
    if (finding.fact == Fact::exec_filter && finding.enforced != 0) {
      out.push_back(
          "the narrower filter of a library once it is loaded: an executable can open the files of "
          "its root, and map code from them, as long as it runs");
    }
    if (finding.enforced != 0) continue;
    if (std::string text = missing_sentence(finding); !text.empty()) out.push_back(std::move(text));
  }
  if (level_number(findings) == 2) {
    out.push_back(
        "limits by cgroup on memory, processes and cpu (level 3): this version of Bulkhead "
        "does not set them up");
  }
  return out;
}

}  // namespace bulkhead::sandbox
