// The host's end of one cell: questions and answers over its socket.
//
// The caller that waits drives the event loop itself (sdk/wire/reactor.hpp): of all that wait on
// one cell, one leads, sleeps in poll() and reads for the others. The host's loop thread reads only
// when nobody waits, for asynchronous calls and for what a cell says on its own.
#pragma once

#include <capnp/rpc-twoparty.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/policy/policy.hpp"
#include "host/runtime/loop.hpp"
#include "host/services/files_server.hpp"
#include "sandbox/launch/launcher.hpp"
#include "sdk/schema/core.capnp.h"
#include "sdk/wire/channel.hpp"
#include "sdk/wire/reactor.hpp"

namespace bulkhead::host {

namespace core = wire::core;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // Log lines of the plugin: call (0: none), level, line. Runs on the loop's thread.
  using LogSink = std::function<void(std::uint64_t, std::uint32_t, std::string)>;

  // One question to the cell, from asking to its answer.
  struct Question;
  // Sends the question, inside a turn; the promise is fulfilled when its answer was read.
  using Send = std::function<kj::Promise<void>(core::Cell::Client&, Question&)>;

  static std::shared_ptr<Connection> start(sandbox::CellProcess process,
                                           std::shared_ptr<sandbox::Launcher> launcher, Loop& loop,
                                           const policy::Limits& limits, LogSink log);
  ~Connection();

  // Asks and waits. Deadline (the context's, else `timeout`), cancellation and progress are the
  // context's. A cell that ignores the end of the time is ended. The time began at `begun`; 0: it
  // begins now. [any-thread]
  bh_status ask(wire::CallContext& context, std::int64_t timeout, const Send& send,
                std::int64_t begun = 0);
  // Asks; `done` runs later on the loop's thread, and the context must stay until then; unless this
  // returns an error.
  bh_status ask_async(wire::CallContext& context, std::int64_t timeout, const Send& send,
                      std::function<void(bh_status)> done, std::int64_t begun = 0);
  // Sends something whose answer nobody needs.
  void tell(const std::function<kj::Promise<void>(core::Cell::Client&)>& send);

  // For services that answer later, from threads of their own (host/services/).
  EnterTurns turns();

  // Asks a call that is served for this cell to stop when the connection ends. Inside a turn.
  void stop_at_end(std::weak_ptr<wire::CallContext> call);
  Loop& loop() { return loop_; }

  // The capability by which the cell reports progress and log lines. Inside a turn.
  core::Events::Client make_events();

  bool alive();
  // Why it is not alive, for a person: "its cell was killed by SIGSEGV (...)". Waits a moment for
  // the launcher's report.
  std::string end_reason();
  // Ends the cell; questions in flight get `status`. Idempotent.
  void end(bh_status status, const std::string& why);

  const sandbox::Level& level() const { return process_.level; }
  const std::string& root() const { return process_.root; }
  pid_t pid() const { return process_.pid; }

 private:
  class EventsServer;
  // Promises that run in the loop until they are done; a failure is reported where it belongs by
  // the promise itself.
  class Tasks final : private kj::TaskSet::ErrorHandler {
   public:
    void add(kj::Promise<void> promise) { tasks_.add(kj::mv(promise)); }

   private:
    void taskFailed(kj::Exception&&) override {}
    kj::TaskSet tasks_{*this};
  };

  Connection(sandbox::CellProcess process, std::shared_ptr<sandbox::Launcher> launcher, Loop& loop,
             const policy::Limits& limits, LogSink log);
  void connect();
  void watch();
  void tear_down();

  using Lock = std::unique_lock<std::mutex>;
  void put(const std::shared_ptr<Question>& question, std::int64_t timeout, const Send& send,
           std::int64_t begun, Lock& lock);
  void pump(Lock& lock);
  void after_turn(Lock& lock);
  void wait(Question& question, Lock& lock);
  void lead(Question& question, std::int64_t until, Lock& lock);
  void pass_lead(Lock& lock);
  std::int64_t check_time(Question& question, Lock& lock);
  void finish(Question& question, bh_status status, std::string message);
  void complete_async(std::uint64_t id);
  void tell_progress(std::uint64_t id);
  void lose(Lock& lock, bh_status status, const std::string& why);
  void kill_cell();
  void linger(capnp::Response<core::CallResults>&& results);
  void nudge_leader();
  void arm(Lock& lock);
  void on_socket();
  bool read_log();
  void rest(Lock& lock);
  void tick();
  void schedule(std::int64_t when, Lock& lock);
  bh_status settle(Question& question, wire::CallContext& context);

  sandbox::CellProcess process_;
  const std::shared_ptr<sandbox::Launcher> launcher_;
  Loop& loop_;
  const policy::Limits limits_;
  const LogSink log_;
  wire::Reactor reactor_;
  wire::UniqueFd nudge_;
  std::uint64_t socket_watch_ = 0, log_watch_ = 0;
  std::string log_tail_;  // loop thread only

  friend struct Question;

  // Guarded by reactor_.mutex().
  std::optional<capnp::TwoPartyVatNetwork> network_;
  std::optional<capnp::RpcSystem<capnp::rpc::twoparty::VatId>> rpc_;
  std::optional<core::Cell::Client> cell_;
  kj::Own<Tasks> tasks_;
  std::vector<capnp::Response<core::CallResults>> lingering_;
  std::map<std::uint64_t, std::shared_ptr<Question>> questions_;
  std::vector<std::weak_ptr<wire::CallContext>> served_;
  std::uint64_t next_question_ = 1;
  Question* leader_ = nullptr;  // it sleeps in poll() on the socket
  bool armed_ = false;          // the loop watches the socket
  bool armed_for_writes_ = false;
  bool resting_ = false;  // a look at whether to arm is scheduled
  // When the loop looks at the times of asynchronous questions; 0: never.
  std::int64_t tick_at_ = 0;
  bool disconnected_ = false;
  bool dead_ = false;
  bh_status end_status_ = BH_PLUGIN_CRASHED;
  std::string end_why_;  // empty: ask the launcher how the cell ended

  std::mutex exit_mutex_;
  std::string exit_text_;
};

struct Connection::Question : private wire::CallContext::Waker {
  Question(Connection& owner, wire::CallContext& call) : connection(owner), context(&call) {}

  Connection& connection;
  wire::CallContext* context;
  std::uint64_t id = 0;       // of this connection
  std::uint64_t call_id = 0;  // of the host
  std::int64_t timeout = 0;
  std::int64_t deadline = 0;
  std::int64_t kill_at = 0;  // not 0: the cell was asked to stop the call
  bool done = false;
  bh_status status = BH_OK;
  std::string message;
  bool ended_cell = false;                    // the cell was ended because of this call
  std::function<void(bh_status)> completion;  // asynchronous
  std::condition_variable changed;            // synchronous
  bool progressed = false;
  std::uint64_t progress_done = 0, progress_total = 0;

  // The answer arrived. Inside a turn; a question that its caller gave up ignores it, so look at
  // `done` before touching the context.
  void answer(bh_status code, std::string words) {
    connection.finish(*this, code, std::move(words));
  }

  // Keeps a small answer until the next question, so that the word that it is no longer needed
  // travels with that instead of waking the cell on its own.
  void linger(capnp::Response<core::CallResults>&& results) { connection.linger(kj::mv(results)); }

  void listen() { context->set_waker(this); }
  void deafen() { context->set_waker(nullptr); }

 private:
  void wake() override;
};

}  // namespace bulkhead::host
