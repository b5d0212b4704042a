#include <catch2/catch.hpp>

#include <cstring>
#include <thread>
#include <vector>

#include "sdk/wire/call_context.hpp"

using namespace bulkhead::wire;

TEST_CASE("results memory is aligned, owned by the call, and bounded") {
  CallContext call;
  call.set_output_limit(1000);
  auto* block = static_cast<char*>(call.fn->allocate(&call, 600));
  REQUIRE(block != nullptr);
  CHECK(reinterpret_cast<std::uintptr_t>(block) % 64 == 0);
  std::memset(block, 1, 600);
  CHECK(call.owns(block, 600));
  CHECK(call.owns(block + 100, 500));
  CHECK_FALSE(call.owns(block + 100, 501));
  CHECK_FALSE(call.owns(block - 1, 1));
  CHECK_FALSE(call.owns(block, SIZE_MAX));
  CHECK_FALSE(call.owns(&call, 1));
  CHECK(call.owns(nullptr, 0));
  CHECK(call.fn->allocate(&call, 401) == nullptr);
  CHECK(call.fn->allocate(&call, SIZE_MAX) == nullptr);
  CHECK(call.fn->allocate(&call, 400) != nullptr);
  call.reset();
  CHECK_FALSE(call.owns(block, 1));
  CHECK(call.fn->allocate(&call, 1000) != nullptr);
}

TEST_CASE("a call with many blocks owns each of them, and nothing between them") {
  CallContext call;
  std::vector<char*> blocks;
  const auto check_all = [&] {
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const std::size_t size = i + 1;
      REQUIRE(call.owns(blocks[i], size));
      REQUIRE(call.owns(blocks[i] + i, 1));
      REQUIRE_FALSE(call.owns(blocks[i], size + 1));
      REQUIRE_FALSE(call.owns(blocks[i] - 1, 1));
      REQUIRE_FALSE(call.owns(blocks[i] + size, 1));
      REQUIRE_FALSE(call.owns(blocks[i], SIZE_MAX));
    }
    REQUIRE_FALSE(call.owns(&call, 1));
    REQUIRE_FALSE(call.owns(reinterpret_cast<char*>(1), 1));
    REQUIRE_FALSE(call.owns(reinterpret_cast<char*>(UINTPTR_MAX), 1));
  };
  // Asked at every number of blocks: what one answer was made from must not serve the next.
  for (std::size_t i = 0; i < 100; ++i) {
    blocks.push_back(static_cast<char*>(call.fn->allocate(&call, i + 1)));
    check_all();
  }
  call.reset();
  REQUIRE_FALSE(call.owns(blocks.front(), 1));
  blocks = {static_cast<char*>(call.fn->allocate(&call, 1))};
  check_all();
}

TEST_CASE("a hundred thousand blocks are asked for in time that is not their square") {
  CallContext call;
  std::vector<void*> blocks;
  for (int i = 0; i < 100'000; ++i) blocks.push_back(call.fn->allocate(&call, 8));
  bool all = true;  // in a fraction of a second; one by one it would take minutes
  for (void* block : blocks) all = all && call.owns(block, 8);
  CHECK(all);
}

TEST_CASE("the words of an error are bounded, and the last ones count") {
  CallContext call;
  const std::string words(10000, 'x');
  call.fn->fail(&call, {"first", 5});
  call.fn->fail(&call, {words.data(), words.size()});
  CHECK(call.error().size() == CallContext::kMaxErrorBytes);
  call.reset();
  CHECK(call.error().empty());
}

TEST_CASE("the words of an error are one line of UTF-8, however often they are handed on") {
  CallContext call;
  const auto kept = [&](std::string_view words) {
    call.fn->fail(&call, {words.data(), words.size()});
    const std::string once = call.error();
    call.fail(once);
    CHECK(call.error() == once);
    return once;
  };
  CHECK(kept("grün, 漢字") == "grün, 漢字");
  CHECK(kept("\x1b[2Jevil\nbulkhead: fake\r\n") == "\\x1b[2Jevil\\nbulkhead: fake");
  CHECK(kept("\xff \x9b \xc2\x9b \x7f\t") == "\\xff \\x9b \\xc2\\x9b \\x7f\\t");
  CHECK(kept("\xe2\x80\xae") == "\\xe2\\x80\\xae");  // writes backwards
  CHECK(kept({"a\0b", 3}) == "a\\x00b");
  CHECK(kept("").empty());
  // No half character, and no half escape, at the end.
  CHECK(kept(std::string(CallContext::kMaxErrorBytes - 1, 'x') + "ü").back() == 'x');
  CHECK(kept(std::string(CallContext::kMaxErrorBytes - 1, 'x') + "\n").back() == 'x');
}

TEST_CASE("a call stops for the first reason it is given") {
  CallContext call;
  CHECK(call.fn->should_stop(&call) == BH_OK);
  std::thread([&] { call.stop(Stop::cancelled); }).join();
  call.stop(Stop::deadline);
  CHECK(call.fn->should_stop(&call) == BH_CANCELLED);
  CHECK(bh_call_cancelled(&call) == 1);
  call.reset();
  CHECK(bh_call_cancelled(&call) == 0);
}

TEST_CASE("a call stops at its deadline") {
  CallContext call;
  call.deadline_ns = monotonic_now() - 1;
  CHECK(call.fn->should_stop(&call) == BH_DEADLINE_EXCEEDED);
}

TEST_CASE("a direct call's time starts at its first question") {
  CallContext call;
  call.begin_direct(1, nullptr);
  CHECK(call.fn->should_stop(&call) == BH_OK);
  CHECK(call.deadline_ns != 0);
  CHECK(call.fn->should_stop(&call) == BH_DEADLINE_EXCEEDED);
}
