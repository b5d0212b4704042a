#include "sandbox/launch/landlock.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

#include "sandbox/launch/step.hpp"
#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::sandbox {
namespace {

// Debian 12's headers stop at ABI 2. Layouts and numbers: include/uapi/linux/landlock.h of
// Linux 6.15.
struct RulesetAttributes {
  std::uint64_t handled_access_fs;
  std::uint64_t handled_access_net;  // ABI 4
  std::uint64_t scoped;              // ABI 6
};
constexpr std::uint64_t kFsAbi1 = (1u << 13) - 1;   // EXECUTE .. MAKE_SYM
constexpr std::uint64_t kFsRefer = 1u << 13;        // ABI 2
constexpr std::uint64_t kFsTruncate = 1u << 14;     // ABI 3
constexpr std::uint64_t kFsIoctlDevice = 1u << 15;  // ABI 5
constexpr std::uint64_t kNetBindConnect = 3;        // ABI 4
constexpr std::uint64_t kScopeSocketsSignals = 3;   // ABI 6

RulesetAttributes attributes_for(long abi) {
  RulesetAttributes attributes{kFsAbi1, 0, 0};
  if (abi >= 2) attributes.handled_access_fs |= kFsRefer;
  if (abi >= 3) attributes.handled_access_fs |= kFsTruncate;
  if (abi >= 4) attributes.handled_access_net = kNetBindConnect;
  if (abi >= 5) attributes.handled_access_fs |= kFsIoctlDevice;
  if (abi >= 6) attributes.scoped = kScopeSocketsSignals;
  return attributes;
}

// An older kernel refuses a struct that is longer than its own, unless the rest is zero.
std::size_t attributes_size(long abi) {
  if (abi >= 6) return sizeof(RulesetAttributes);
  if (abi >= 4) return offsetof(RulesetAttributes, scoped);
  return offsetof(RulesetAttributes, handled_access_net);
}

constexpr std::uint64_t kReading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kExecution = kReading | LANDLOCK_ACCESS_FS_EXECUTE;
// The kernel refuses a rule about a file that names the others.
constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                   LANDLOCK_ACCESS_FS_READ_FILE | kFsTruncate;

std::uint64_t writing(const RulesetAttributes& attributes) {
  return attributes.handled_access_fs &
         ~std::uint64_t{LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                        kFsIoctlDevice};
}

void allow(int ruleset, const std::string& path, std::uint64_t access) {
  const wire::UniqueFd target(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!target) {
    if (errno == ENOENT) return;
    throw StepError{Stage::landlock, errno};
  }
  struct stat status {};
  step(Stage::landlock, fstat(target.get(), &status));
  landlock_path_beneath_attr rule{};
  rule.allowed_access = S_ISDIR(status.st_mode) ? access : access & kOfFiles;
  rule.parent_fd = target.get();
  step(Stage::landlock,
       syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
}

}  // namespace

Finding apply_landlock(const std::vector<std::string>& readable,
                       const std::vector<std::string>& executable,
                       const std::vector<std::string>& writable) {
  const long abi =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) return {Fact::landlock, 0, abi < 0 ? errno : ENOSYS, 0};
  const RulesetAttributes attributes = attributes_for(abi);
  const wire::UniqueFd ruleset(
      static_cast<int>(step(Stage::landlock, syscall(SYS_landlock_create_ruleset, &attributes,
                                                     attributes_size(abi), 0))));
  for (const std::string& path : readable) allow(ruleset.get(), path, kReading);
  for (const std::string& path : executable) allow(ruleset.get(), path, kExecution);
  for (const std::string& path : writable) allow(ruleset.get(), path, writing(attributes));
  step(Stage::landlock, syscall(SYS_landlock_restrict_self, ruleset.get(), 0));
  return {Fact::landlock, 1, 0, static_cast<std::uint32_t>(abi)};
}

}  // namespace bulkhead::sandbox
