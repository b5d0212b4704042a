// The threads and the state of a cell.
//
// One thread at a time reads the socket, and does itself what it finds: a short call wakes no
// second thread. Another one stands by and looks every millisecond whether nobody reads, because
// the reader is busy in a long call: then it takes over, so that a cancellation and other calls are
// heard. After a while without work it sleeps for good, and the next call wakes it.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "sandbox/cell/cell.hpp"
#include "sandbox/cell/plugin_library.hpp"
#include "sdk/wire/plugin_object.hpp"
#include "sdk/wire/reactor.hpp"

namespace bulkhead::cell {

namespace core = wire::core;

class Server {
 public:
  explicit Server(const Start& start);
  ~Server();
  [[noreturn]] void serve();  // ends the process when the socket closes

  // From here on: called inside a turn of the reactor, by the RPC methods.

  // Work that a message asked for: `run` is done outside of the event loop, then `answer` inside.
  void queue(std::function<void()> run, std::function<void()> answer);

  // A call in flight: its context, which cancel() finds by its id.
  struct RunningCall;
  std::shared_ptr<RunningCall> start_call(core::CallContext::Reader params);
  void end_call(const RunningCall& call);
  void cancel(std::uint64_t id, wire::Stop reason);

  void set_host(core::Events::Client events, std::uint64_t output_limit);
  std::shared_ptr<wire::PluginObject> instance(std::uint32_t id) const;
  std::uint32_t add_instance(std::shared_ptr<wire::PluginObject> instance);
  std::shared_ptr<wire::PluginObject> remove_instance(std::uint32_t id);

  // Outside of a turn, once: opens the library and the data, then locks the cell.
  void load(const std::string& path, const std::string& data, std::uint32_t isolation);
  const PluginLibrary& library() const { return library_; }
  // Outside of a turn.
  std::unique_ptr<wire::Services> make_services(std::shared_ptr<wire::FileStore> files,
                                                std::span<const wire::LentService> lent);
  // Sends a question to the host, and waits for its answer: `send` runs inside a turn, and so do
  // the continuations of its promise. On the thread of a call, never inside a turn.
  void ask(const std::function<kj::Promise<void>()>& send) { ask(send, nullptr, {}); }
  // The same for a call: `cancel` runs inside a turn, once, when the call is asked to stop.
  void ask(const std::function<kj::Promise<void>()>& send, wire::CallContext* context,
           const std::function<void()>& cancel);
  // Runs inside a turn what must not run outside of one: the end of a capability, for example.
  void in_turn(const std::function<void()>& work);
  void send_log(std::uint64_t call, std::uint32_t level, std::string_view line);
  void send_progress(std::uint64_t call, std::uint64_t done, std::uint64_t total);

 private:
  struct Work {
    std::function<void()> run, answer;
  };
  struct AskWaker;

  [[noreturn]] void thread_main();
  [[noreturn]] void end(std::unique_lock<std::mutex>& lock);
  void read(std::unique_lock<std::mutex>& lock);
  void work(std::unique_lock<std::mutex>& lock);
  void stand_by(std::unique_lock<std::mutex>& lock);
  void nudge();
  void call_help();
  void watch_writes();
  template <class Fill>
  void send_event(Fill&& fill);

  const Start& start_;
  wire::Reactor reactor_;
  wire::UniqueFd epoll_, nudge_;
  PluginLibrary library_;
  std::shared_ptr<wire::PackageData> package_;

  // Guarded by reactor_.mutex().
  std::deque<Work> queue_;
  std::condition_variable standby_;
  std::condition_variable asking_;  // calls that wait for the host, while another thread reads
  unsigned threads_ = 1, idle_ = 0, working_ = 0;
  bool reading_ = false;  // a thread waits for the socket
  bool looking_ = false;  // one of the idle ones looks every millisecond
  std::int64_t last_work_ = 0;
  bool ended_ = false;
  bool watching_writes_ = false;
  kj::Maybe<core::Events::Client> host_;
  std::uint64_t output_limit_ = wire::CallContext::kDefaultOutputLimit;
  std::map<std::uint64_t, RunningCall*> running_;
  std::map<std::uint32_t, std::shared_ptr<wire::PluginObject>> instances_;
  std::uint32_t next_instance_ = 1;
};

// Progress and log lines of one call, sent to the host while the call runs.
class CallEvents final : public wire::CallSink {
 public:
  CallEvents(Server& server, std::uint64_t id) : server_(server), id_(id) {}
  void progress(std::uint64_t done, std::uint64_t total) override;
  void log(std::uint32_t level, std::string_view line) override;

 private:
  Server& server_;
  std::uint64_t id_;
  std::int64_t last_ = 0;
};

struct Server::RunningCall {
  RunningCall(Server& server, std::uint64_t id) : events(server, id) {
    context.id = id;
    context.set_sink(&events);
  }
  wire::CallContext context;
  CallEvents events;
  bh_status status = BH_OK;
};

// The RPC face of a server: sdk/schema/core.capnp's Cell.
core::Cell::Client make_methods(Server& server);

}  // namespace bulkhead::cell
