#include "tests/bench/ping.hpp"

#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "ping.capnp.h"

extern char** environ;

namespace bulkhead::bench {
namespace {

constexpr char kServerArgument[] = "--serve-ping";
constexpr int kServerSocket = 3;

class PingServer final : public Ping::Server {
 protected:
  kj::Promise<void> count(CountContext context) override {
    context.getResults().setCount(context.getParams().getText().size());
    return kj::READY_NOW;
  }
};

[[noreturn]] void serve() {
  auto io = kj::setupAsyncIo();
  auto stream =
      io.lowLevelProvider->wrapSocketFd(kServerSocket, kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP);
  capnp::TwoPartyVatNetwork network(*stream, capnp::rpc::twoparty::Side::SERVER);
  auto system = capnp::makeRpcServer(network, kj::heap<PingServer>());
  network.onDisconnect().wait(io.waitScope);
  std::_Exit(0);
}

// The server is a fresh process: KJ does not survive a fork.
pid_t start_server(int socket) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, socket, kServerSocket);
  char program[] = "/proc/self/exe";
  char argument[sizeof kServerArgument];
  std::memcpy(argument, kServerArgument, sizeof kServerArgument);
  char* arguments[] = {program, argument, nullptr};
  pid_t pid = 0;
  const int failure = posix_spawn(&pid, program, &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) {
    throw std::system_error(failure, std::generic_category(),
                            "The server of the ping benchmark did not start");
  }
  return pid;
}

}  // namespace

class PingPeer::Connection {
 public:
  Connection() : io_(kj::setupAsyncIo()) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      throw std::system_error(errno, std::generic_category(),
                              "The ping benchmark got no socketpair");
    }
    stream_ = io_.lowLevelProvider->wrapSocketFd(
        ends[0],
        kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP | kj::LowLevelAsyncIoProvider::ALREADY_CLOEXEC);
    server_ = start_server(ends[1]);
    ::close(ends[1]);
    client_ = kj::heap<capnp::TwoPartyClient>(*stream_);
    ping_ = kj::heap<Ping::Client>(client_->bootstrap().castAs<Ping>());
  }

  ~Connection() {
    ping_ = nullptr;
    client_ = nullptr;
    stream_ = nullptr;
    int status = 0;
    while (::waitpid(server_, &status, 0) < 0 && errno == EINTR) {
    }
  }

  std::uint64_t count(std::string_view text) { return ask(text).wait(io_.waitScope).getCount(); }

  void count_many(std::string_view text, unsigned calls, unsigned in_flight) {
    auto chains = kj::heapArrayBuilder<kj::Promise<void>>(in_flight);
    for (unsigned i = 0; i < in_flight; ++i) chains.add(one_by_one(text, calls / in_flight));
    kj::joinPromises(chains.finish()).wait(io_.waitScope);
  }

  pid_t process() const { return server_; }

 private:
  capnp::RemotePromise<CountResults> ask(std::string_view text) {
    auto request = ping_->countRequest();
    request.setText(kj::arrayPtr(reinterpret_cast<const kj::byte*>(text.data()), text.size()));
    return request.send();
  }

  kj::Promise<void> one_by_one(std::string_view text, unsigned calls) {
    if (calls == 0) return kj::READY_NOW;
    return ask(text).then([this, text, calls](capnp::Response<CountResults>&&) {
      return one_by_one(text, calls - 1);
    });
  }

  kj::AsyncIoContext io_;
  kj::Own<kj::AsyncIoStream> stream_;
  kj::Own<capnp::TwoPartyClient> client_;
  kj::Own<Ping::Client> ping_;
  pid_t server_ = 0;
};

PingPeer::PingPeer() : connection_(std::make_unique<Connection>()) {}
PingPeer::~PingPeer() = default;
std::uint64_t PingPeer::count(std::string_view text) { return connection_->count(text); }
void PingPeer::count_many(std::string_view text, unsigned calls, unsigned in_flight) {
  connection_->count_many(text, calls, in_flight);
}
pid_t PingPeer::process() const { return connection_->process(); }

void serve_ping_if_asked(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], kServerArgument) == 0) serve();
}

}  // namespace bulkhead::bench
