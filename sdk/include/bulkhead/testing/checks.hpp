// bulkhead/testing/checks.hpp: the smallest test framework, for a plugin that has no other.
#pragma once

#include <cstdio>
#include <exception>
#include <string>

#include <bulkhead/testing/call.hpp>

namespace bulkhead::testing {

// Prints what fails; outcome() is the exit code of main().
class Checks {
 public:
  void that(bool holds, const char* sentence) {
    ++checks_;
    if (holds) return;
    ++failed_;
    std::printf("FAILED: %s\n", sentence);
  }
  // `body` must fail with this status.
  template <class Body>
  void fails(bh_status status, Body&& body, const char* sentence) {
    ++checks_;
    std::string instead = "it succeeded";
    try {
      body();
    } catch (const CallFailed& failure) {
      if (failure.status == status) return;
      instead = "status " + std::to_string(failure.status) + ", " + failure.what();
    } catch (const std::exception& error) {
      instead = error.what();
    }
    ++failed_;
    std::printf("FAILED: %s: expected status %d, but: %s\n", sentence, static_cast<int>(status),
                instead.c_str());
  }
  int outcome() const {
    std::printf("%d checks, %d failed\n", checks_, failed_);
    return failed_ == 0 ? 0 : 1;
  }

 private:
  int checks_ = 0, failed_ = 0;
};

}  // namespace bulkhead::testing
