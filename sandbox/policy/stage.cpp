#include "sandbox/policy/stage.hpp"

#include <string.h>

namespace bulkhead::sandbox {
namespace {

struct Words {
  const char* doing;
  const char* advice;
};

Words words_of(Stage stage) {
  switch (stage) {
    case Stage::none:
      return {"starting it", ""};
    case Stage::request:
      return {"reading the request",
              "Use the launcher and the library of one and the same Bulkhead version."};
    case Stage::profile:
      return {
          "choosing the profile",
          "A build with sanitizers can only run the sanitizer test profile, and a build without "
          "can't: use the launcher that was built together with the host."};
    case Stage::package:
      return {"opening the package folder", "Check that the folder exists and can be read."};
    case Stage::process:
      return {"making the process",
              "Check the limits on processes (ulimit -u, the pids cgroup) and on memory."};
    case Stage::namespaces:
      return {"making the namespaces",
              "Check the sysctls user.max_user_namespaces and kernel.unprivileged_userns_clone."};
    case Stage::user_namespace:
      return {"making the user namespace",
              "Check the sysctls user.max_user_namespaces and kernel.unprivileged_userns_clone."};
    case Stage::mounts:
      return {"building the private root", "Check the sysctl user.max_mnt_namespaces."};
    case Stage::package_mount:
      return {"mounting the package folder read-only",
              "Check that the folder exists and that this user can read it."};
    case Stage::identity:
      return {"changing to an unprivileged user", "Check that user id 65534 is mapped here."};
    case Stage::package_access:
      return {"reading the package folder as the user of the cell (id 65534)",
              "Make the folder readable for others: chmod -R o+rX FOLDER."};
    case Stage::core_folder:
      return {"opening the folder of core dumps for the user of the cell",
              "Check that it exists, and that this user may write to it."};
    case Stage::entry:
      return {"executing the plugin's entry",
              "runtime.entry of its manifest must name a program of this machine that others may "
              "read and execute (chmod o+rx), linked for the system's dynamic loader or static. A "
              "script needs runtime.interpreter."};
    case Stage::interpreter:
      return {"finding the interpreter of the plugin's script",
              "runtime.interpreter of its manifest names a program that is not installed here. For "
              "python3: apt install python3."};
    case Stage::limits:
      return {"setting the resource limits", "Check the limits of the host process (ulimit -a)."};
    case Stage::privileges:
      return {"giving up privileges", "This is unexpected; please report it."};
    case Stage::descriptors:
      return {"arranging the descriptors", "Check the limit on open files (ulimit -n)."};
    case Stage::parent:
      return {"keeping the launcher alive", "The launcher ended meanwhile: open a new host."};
    case Stage::landlock:
      return {"setting up Landlock", "This is unexpected; please report it."};
    case Stage::filter:
      return {"installing the system call filter",
              "The kernel needs CONFIG_SECCOMP_FILTER; some containers and emulators lack it."};
    case Stage::timeout:
      return {"building its jail within 10 seconds",
              "The machine is overloaded, or the package folder is on a file system that hangs."};
    case Stage::died:
      return {"building its jail", "It ended without a report; look for messages of the kernel."};
  }
  return {"an unknown step", "Use the launcher and the library of the same Bulkhead version."};
}

}  // namespace

const char* stage_words(Stage stage) { return words_of(stage).doing; }

std::string stage_sentence(Stage stage, int error, const std::string& package) {
  const Words words = words_of(stage);
  std::string text = "Starting a cell";
  if (!package.empty()) text += " for " + package;
  text += std::string(" failed: ") + words.doing + " did not work";
  if (error != 0) text += std::string(" (") + strerror(error) + ")";
  return text + ". " + words.advice;
}

}  // namespace bulkhead::sandbox
