// Runs the `bulkhead` command as a user does, in a world of its own: plugins of the tests, no
// policy, no variables of the user, and folders that go away.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/fixture/temp_folder.hpp"

namespace bulkhead::test {

struct Ran {
  int exit = -1;  // 128 + signal where one ended it
  std::string out, err;
};
std::ostream& operator<<(std::ostream& stream, const Ran& ran);

struct How {
  std::string input;          // standard input
  std::string output_to;      // a file to open as standard output instead of a pipe: "/dev/full"
  bool close_input = false;   // start with 0 closed
  bool close_output = false;  // start with 1 closed
  int signal = 0;             // sent once, when signal_when(what was printed so far) says so
  std::function<bool(const Ran&)> signal_when;
};

class World {
 public:
  World();

  // `arguments` after the program's name.
  Ran run(const std::vector<std::string>& arguments, const How& how = {}) const;
  // A script for bash, with `bulkhead` on its PATH; works in folder().
  Ran shell(const std::string& script) const;

  std::filesystem::path folder() const { return folder_.path() / "work"; }
  std::filesystem::path runtime_folder() const { return folder_.path() / "run" / "bulkhead"; }
  std::filesystem::path file(const std::string& name, const std::string& content) const {
    return folder_.write(std::filesystem::path("work") / name, content);
  }
  std::string content(const std::string& name) const { return read_file(folder() / name); }
  // Names in folder(), sorted, hidden ones too.
  std::vector<std::string> names() const;
  // Whether plugin en_gpt2 was built with its vocabularies.
  static bool has_gpt2();

  std::map<std::string, std::string> environment;

 private:
  Ran execute(const std::vector<std::string>& words, const How& how) const;

  TempFolder folder_;
};

}  // namespace bulkhead::test
