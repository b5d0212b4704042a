// What the direct tests of linear share: the library, files in memory, a small corpus.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/plugins/linear/test_trainer.hpp"

namespace bulkhead::testing {

struct Failed {
  bh_status status = BH_OK;
  std::string message;
};

// Status BH_OK where it did not throw.
template <class Body>
Failed failure(Body&& body) {
  try {
    body();
  } catch (const CallFailed& failed) {
    return {failed.status, failed.what()};
  }
  return {};
}

struct World {
  World() : library(LINEAR_PACKAGE "/lib/linear.so"), trainer(library, files) {
    const std::string_view fruits[] = {"apple", "pear", "plum"};
    const std::string_view cars[] = {"brake", "wheel", "engine"};
    for (int i = 0; i < 30; ++i) {
      const std::string number = std::to_string(i);
      files.readable["fruit"] +=
          "an " + std::string(fruits[i % 3]) + " pie, number " + number + "\n";
      files.readable["car"] +=
          "a new " + std::string(cars[i % 3]) + ", number " + number + "\r\n\n";
    }
  }
  inline static const std::vector<std::string> kSmall = {"fruit", "car"};

  PluginLibrary library;
  TestFiles files;
  TestTrainer trainer;
};

}  // namespace bulkhead::testing
