// Work that a cell asked for and that takes its time: on a thread of the host, away from the event
// loop of the cell's connection.
#pragma once

#include <kj/async.h>

#include <functional>
#include <memory>
#include <utility>

#include "host/runtime/workers.hpp"

namespace bulkhead::host {

// Runs a piece of work in a turn of the connection's event loop, from any thread. Keeps the
// connection: the work owns things of its loop.
using InTurn = std::function<void(const std::function<void()>&)>;
// Makes one, inside a turn; empty when the connection is on its way out.
using EnterTurns = std::function<InTurn()>;

// Inside a turn. Runs `run()` on a worker, then `answer(its result, context)` inside a turn; then
// the promise is fulfilled. When no worker can be had, `answer` gets `refused` at once.
template <class Context, class Run, class Result, class Answer>
kj::Promise<void> in_background(Workers& workers, InTurn in_turn, Context& context, Run run,
                                Result refused, Answer answer) {
  auto paf = kj::newPromiseAndFulfiller<void>();
  // Everything of KJ in it is touched and destroyed inside turns only.
  struct Pending {
    Context context;
    kj::Own<kj::PromiseFulfiller<void>> fulfiller;
  };
  auto* pending = new Pending{kj::mv(context), kj::mv(paf.fulfiller)};
  const bool started =
      workers.run([in_turn = std::move(in_turn), run = std::move(run), answer, pending]() mutable {
        const Result result = run();
        in_turn([&] {
          const std::unique_ptr<Pending> done(pending);
          answer(result, done->context);
          done->fulfiller->fulfill();
        });
      });
  if (started) return kj::mv(paf.promise);
  const std::unique_ptr<Pending> never(pending);
  answer(refused, never->context);
  return kj::READY_NOW;
}

}  // namespace bulkhead::host
