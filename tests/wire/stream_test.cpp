#include <sys/socket.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <cstring>

#include "sdk/wire/reactor.hpp"

using namespace bulkhead::wire;

namespace {

// A reactor on one end of a socket pair, a hostile peer on the other.
struct Pair {
  Pair() {
    int fds[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
    peer.reset(fds[1]);
    reactor.emplace(UniqueFd(fds[0]), FrameLimits{});
  }
  // Reads one message; true: one came, false: the stream ended.
  bool read() {
    const std::lock_guard lock(reactor->mutex());
    std::optional<bool> outcome;
    std::optional<kj::Promise<void>> task;
    reactor->turn([&] {
      task = reactor->stream()
                 .tryReadMessage(nullptr, {}, nullptr)
                 .then([&](kj::Maybe<capnp::MessageReaderAndFds>&& message) {
                   outcome = message != nullptr;
                 })
                 .eagerlyEvaluate(nullptr);
    });
    reactor->turn();
    reactor->turn([&] { task.reset(); });
    REQUIRE(outcome.has_value());
    return *outcome;
  }
  UniqueFd peer;
  std::optional<Reactor> reactor;
};

const std::uint32_t kSmall[] = {0, 1, 0, 0};

}  // namespace

TEST_CASE("a message comes through, and an orderly end is no violation") {
  Pair pair;
  REQUIRE(write(pair.peer.get(), kSmall, sizeof kSmall) == sizeof kSmall);
  CHECK(pair.read());
  pair.peer.reset();
  CHECK_FALSE(pair.read());
  CHECK(pair.reactor->stream().violation().empty());
}

TEST_CASE("garbage ends the stream with its reason") {
  Pair pair;
  const std::string garbage(64, '\xff');
  REQUIRE(write(pair.peer.get(), garbage.data(), garbage.size()) == 64);
  CHECK_FALSE(pair.read());
  CHECK_THAT(pair.reactor->stream().violation(), Catch::Contains("segments"));
}

TEST_CASE("an end in the middle of a frame is a violation") {
  Pair pair;
  REQUIRE(write(pair.peer.get(), kSmall, 9) == 9);
  pair.peer.reset();
  CHECK_FALSE(pair.read());
  CHECK_THAT(pair.reactor->stream().violation(), Catch::Contains("middle of a frame"));
}

TEST_CASE("a descriptor in a message is refused, and not received") {
  Pair pair;
  const int before = dup(0);
  close(before);
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec part{const_cast<std::uint32_t*>(kSmall), sizeof kSmall};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = 0;
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  REQUIRE(sendmsg(pair.peer.get(), &message, 0) == sizeof kSmall);
  CHECK_FALSE(pair.read());
  CHECK_THAT(pair.reactor->stream().violation(), Catch::Contains("file descriptor"));
  const int after = dup(0);
  close(after);
  CHECK(after == before);
}

TEST_CASE("a thread that runs a KJ loop of its own can drive a reactor too") {
  kj::EventLoop own;
  kj::WaitScope scope(own);
  Pair pair;
  REQUIRE(write(pair.peer.get(), kSmall, sizeof kSmall) == sizeof kSmall);
  CHECK(pair.read());
}
