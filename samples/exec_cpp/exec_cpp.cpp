// A codec as a program of its own: every byte is a token, its value the id. It serves the interface
// Cell of core.capnp on the descriptor that it is given, with Cap'n Proto's own library, and uses
// nothing of Bulkhead but the schemas.
#include <time.h>
#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <kj/function.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>

#include "codec.capnp.h"
#include "core.capnp.h"

namespace {

namespace codec = bulkhead::wire::codec;
namespace core = bulkhead::wire::core;

// The numbers on the wire: bulkhead/abi/core.h and codec.h.
enum Code { kOk, kInvalidArgument, kNotFound, kUnsupported, kCancelled, kDeadlineExceeded };
enum Method { kEncode = 0, kDecode = 1, kCount = 3, kInfo = 9 };
constexpr unsigned kWithOffsets = 1, kReasonDeadline = 2;

constexpr unsigned kStep = 65536;  // bytes or ids between two looks at the socket

struct Failure : std::runtime_error {
  Failure(Code why, const std::string& text) : runtime_error(text), code(why) {}
  Code code;
};

std::int64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

// A call in flight, done in steps.
struct Call {
  capnp::CallContext<core::CallParams, core::CallResults> context;
  core::CallParams::Reader params = context.getParams();
  core::CallResults::Builder results = context.getResults();
  Code stopped = kOk;
  unsigned at = 0;

  // True: that was the last step.
  bool step() {
    const std::int64_t deadline = params.getContext().getDeadline();
    if (stopped != kOk) throw Failure(stopped, "the call was stopped");
    if (deadline != 0 && now() > deadline) throw Failure(kDeadlineExceeded, "its time is up");
    if (params.getInterface() != "bulkhead.codec/1") {
      throw Failure(kUnsupported, "there is no such interface");
    }
    switch (params.getMethod()) {
      case kEncode:
        return encode(params.getParams().getAs<codec::EncodeParams>());
      case kDecode:
        return decode(params.getParams().getAs<codec::DecodeParams>());
      case kCount:
        return count(params.getParams().getAs<codec::EncodeParams>());
      case kInfo:
        return info();
      default:
        throw Failure(kUnsupported, "there is no such method");
    }
  }

 private:
  template <class Results>
  typename Results::Builder out() {
    auto pointer = results.getResults();
    return pointer.isNull() ? pointer.initAs<Results>() : pointer.getAs<Results>();
  }

  static unsigned used(codec::EncodeParams::Reader from) {
    const std::uint64_t size = from.getText().size(), most = from.getMaxTokens();
    return static_cast<unsigned>(most == 0 ? size : std::min(size, most));
  }

  bool encode(codec::EncodeParams::Reader from) {
    const unsigned size = used(from);
    auto to = out<codec::EncodeResults>();
    auto ids = at == 0 ? to.initIds(size) : to.getIds();
    const unsigned end = std::min(size, at + kStep);
    const auto text = from.getText();
    for (; at < end; ++at) ids.set(at, text[at]);
    if (at < size) return false;
    to.setTruncated(size < from.getText().size());
    if ((from.getFlags() & kWithOffsets) != 0) {
      auto offsets = to.initOffsets(size + 1);
      for (unsigned i = 0; i <= size; ++i) offsets.set(i, i);
    }
    return true;
  }

  bool decode(codec::DecodeParams::Reader from) {
    const auto ids = from.getIds();
    auto to = out<codec::BytesResults>();
    auto bytes = at == 0 ? to.initBytes(ids.size()) : to.getBytes();
    const unsigned end = std::min(ids.size(), at + kStep);
    for (; at < end; ++at) {
      if (ids[at] > 255) {
        throw Failure(kInvalidArgument, "id " + std::to_string(ids[at]) + " is no byte");
      }
      bytes[at] = static_cast<kj::byte>(ids[at]);
    }
    return at == ids.size();
  }

  bool count(codec::EncodeParams::Reader from) {
    auto to = out<codec::CountResults>();
    to.setCount(used(from));
    to.setTruncated(used(from) < from.getText().size());
    return true;
  }

  bool info() {
    auto to = out<codec::InfoResults>();
    to.setName("bytes");
    to.setLanguages("mul");
    to.setVocabulary(256);
    to.setMaxId(255);
    to.setMaxTokenBytes(1);
    return true;
  }
};

// Repeats a step until it was the last one. Other messages are read in between.
kj::Promise<void> repeat(kj::Timer& timer, kj::Function<bool()> step) {
  if (step()) return kj::READY_NOW;
  return timer.afterDelay(0 * kj::SECONDS).then([&timer, step = kj::mv(step)]() mutable {
    return repeat(timer, kj::mv(step));
  });
}

class Cell final : public core::Cell::Server {
 public:
  explicit Cell(kj::Timer& timer) : timer_(timer) {}

 protected:
  kj::Promise<void> hello(HelloContext context) override {
    const auto params = context.getParams();
    const bool fits =
        params.getWireMin() <= core::WIRE_VERSION && params.getWireMax() >= core::WIRE_VERSION;
    auto results = context.getResults();
    results.setWireVersion(fits ? core::WIRE_VERSION : 0u);
    results.setWireMin(core::WIRE_VERSION);
    results.setWireMax(core::WIRE_VERSION);
    results.setPackageHash(params.getPackageHash());
    return kj::READY_NOW;
  }

  kj::Promise<void> load(LoadContext context) override {
    auto results = context.getResults();
    results.initStatus();
    auto descriptor = results.initDescriptor();
    descriptor.setId("exec_cpp");
    descriptor.setVersion("1.0.0");
    descriptor.initInterfaces(1).set(0, "bulkhead.codec/1");
    return kj::READY_NOW;
  }

  kj::Promise<void> open(OpenContext context) override {
    auto results = context.getResults();
    results.initStatus();
    instances_.insert(++last_instance_);
    results.setInstance(last_instance_);
    return kj::READY_NOW;
  }

  kj::Promise<void> close(CloseContext context) override {
    instances_.erase(context.getParams().getInstance());
    context.getResults().initStatus();
    return kj::READY_NOW;
  }

  kj::Promise<void> call(CallContext context) override {
    const std::uint64_t id = context.getParams().getContext().getId();
    auto call = std::make_shared<Call>(Call{context});
    running_[id] = call;
    const bool open = instances_.count(context.getParams().getInstance()) != 0;
    return repeat(timer_,
                  [call, open] {
                    try {
                      if (!open) throw Failure(kNotFound, "there is no such instance");
                      if (!call->step()) return false;
                      call->results.initStatus();
                    } catch (const Failure& failure) {
                      auto status = call->results.initStatus();
                      status.setCode(failure.code);
                      status.setMessage(failure.what());
                    }
                    return true;
                  })
        .attach(kj::defer([this, id] { running_.erase(id); }));
  }

  kj::Promise<void> cancel(CancelContext context) override {
    const auto params = context.getParams();
    const auto found = running_.find(params.getId());
    if (found != running_.end()) {
      found->second->stopped =
          params.getReason() == kReasonDeadline ? kDeadlineExceeded : kCancelled;
    }
    return kj::READY_NOW;
  }

 private:
  kj::Timer& timer_;
  std::set<std::uint32_t> instances_;
  std::uint32_t last_instance_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Call>> running_;
};

}  // namespace

int main() {
  const char* descriptor = std::getenv("BULKHEAD_SOCKET");
  if (descriptor == nullptr) return 2;  // started by hand
  auto io = kj::setupAsyncIo();
  auto stream = io.lowLevelProvider->wrapSocketFd(std::atoi(descriptor));
  capnp::ReaderOptions limits;
  // The host has limits of its own, and each step counts the whole text once more.
  limits.traversalLimitInWords = std::numeric_limits<std::uint64_t>::max();
  capnp::TwoPartyVatNetwork network(*stream, capnp::rpc::twoparty::Side::SERVER, limits);
  auto rpc = capnp::makeRpcServer(network, kj::heap<Cell>(io.provider->getTimer()));
  network.onDisconnect().wait(io.waitScope);
}
