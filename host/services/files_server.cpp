#include "host/services/files_server.hpp"

#include <kj/async.h>
#include <kj/common.h>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::host {
namespace {

namespace core = wire::core;

constexpr unsigned kMaxInFlight = 16;  // of one instance: bounds the memory of its transfers

void set_status(core::FileStatus::Builder to, const wire::FileOutcome& outcome) {
  to.setCode(outcome.status);
  if (outcome.status != BH_OK) to.setMessage(outcome.message.c_str());
}

std::string copy(capnp::Text::Reader text) { return {text.cStr(), text.size()}; }

class FilesServer final : public core::Files::Server {
 public:
  FilesServer(std::shared_ptr<wire::FileStore> store, Workers& workers, EnterTurns enter)
      : store_(std::move(store)), workers_(workers), enter_(std::move(enter)) {}

 protected:
  kj::Promise<void> open(OpenContext context) override {
    struct Answer {
      std::uint64_t handle = 0, size = 0;
    };
    return work<Answer>(
        context,
        [name = copy(context.getParams().getName())](wire::FileStore& store, Answer& answer) {
          return store.open(name, answer.handle, answer.size);
        },
        [](const Answer& answer, core::OpenFileResults::Builder results) {
          results.setHandle(answer.handle);
          results.setSize(answer.size);
        });
  }

  kj::Promise<void> read(ReadContext context) override {
    const auto params = context.getParams();
    if (params.getSize() > BH_FILES_MAX_TRANSFER) return refuse(context);
    using Answer = std::vector<std::byte>;
    return work<Answer>(
        context,
        [handle = params.getHandle(), offset = params.getOffset(), size = params.getSize()](
            wire::FileStore& store, Answer& answer) {
          answer.resize(size);
          std::size_t got = 0;
          auto outcome = store.read(handle, offset, answer, got);
          answer.resize(got);
          return outcome;
        },
        [](const Answer& answer, core::ReadFileResults::Builder results) {
          results.setBytes({reinterpret_cast<const kj::byte*>(answer.data()), answer.size()});
        });
  }

  kj::Promise<void> create(CreateContext context) override {
    return work<std::uint64_t>(
        context,
        [name = copy(context.getParams().getName())](
            wire::FileStore& store, std::uint64_t& handle) { return store.create(name, handle); },
        [](std::uint64_t handle, core::CreateFileResults::Builder results) {
          results.setHandle(handle);
        });
  }

  kj::Promise<void> write(WriteContext context) override {
    const auto params = context.getParams();
    const auto bytes = params.getBytes();
    if (bytes.size() > BH_FILES_MAX_TRANSFER) return refuse(context);
    return work<None>(
        context,
        [handle = params.getHandle(), copied = std::vector<kj::byte>(bytes.begin(), bytes.end())](
            wire::FileStore& store, None&) {
          return store.write(handle, std::as_bytes(std::span(copied)));
        },
        nothing);
  }

  kj::Promise<void> commit(CommitContext context) override {
    return work<None>(
        context,
        [handle = context.getParams().getHandle()](wire::FileStore& store, None&) {
          return store.commit(handle);
        },
        nothing);
  }

  kj::Promise<void> close(CloseContext context) override {
    return work<None>(
        context,
        [handle = context.getParams().getHandle()](wire::FileStore& store, None&) {
          store.close(handle);
          return wire::FileOutcome{};
        },
        nothing);
  }

 private:
  struct None {};
  static void nothing(const None&, core::FileResults::Builder) {}

  template <class Context>
  static kj::Promise<void> refuse(Context& context) {
    set_status(context.getResults().initStatus(),
               {BH_INVALID_ARGUMENT, "one transfer carries at most " +
                                         std::to_string(BH_FILES_MAX_TRANSFER) + " bytes"});
    return kj::READY_NOW;
  }

  // Runs `run` on a worker, then `answer` in a turn of the connection.
  template <class Answer, class Context, class Run, class Write>
  kj::Promise<void> work(Context& context, Run run, Write write) {
    if (in_flight_ >= kMaxInFlight) {
      set_status(context.getResults().initStatus(),
                 {BH_OVERLOADED, "the plugin has " + std::to_string(kMaxInFlight) +
                                     " transfers of files under way already"});
      return kj::READY_NOW;
    }
    InTurn in_turn = enter_();
    if (!in_turn) return kj::READY_NOW;  // nobody is left to hear it
    struct Done {
      wire::FileOutcome outcome;
      Answer answer{};
    };
    ++in_flight_;
    return in_background(
               workers_, std::move(in_turn), context,
               [store = store_, run = std::move(run)] {
                 Done done;
                 done.outcome = run(*store, done.answer);
                 return done;
               },
               Done{{BH_UNAVAILABLE, "the host is closed"}},
               [write](const Done& done, Context& asked) {
                 auto results = asked.getResults();
                 set_status(results.initStatus(), done.outcome);
                 if (done.outcome.status == BH_OK) write(done.answer, results);
               })
        .attach(kj::defer([this] { --in_flight_; }));
  }

  const std::shared_ptr<wire::FileStore> store_;
  Workers& workers_;
  const EnterTurns enter_;
  unsigned in_flight_ = 0;
};

}  // namespace

core::Files::Client make_files_server(std::shared_ptr<wire::FileStore> store, Workers& workers,
                                      EnterTurns enter) {
  return kj::heap<FilesServer>(std::move(store), workers, std::move(enter));
}

}  // namespace bulkhead::host
