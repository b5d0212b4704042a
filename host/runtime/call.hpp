// The context of a call as an embedder makes one, with its progress callback.
#pragma once

#include <bulkhead/host.hpp>

#include <mutex>
#include <set>

#include "host/runtime/state.hpp"

namespace bulkhead {

// The shared state of a CancelSource: the flag, and the calls that it takes back.
struct CancelState {
  void cancel();
  void add(wire::CallContext* call);
  void remove(wire::CallContext* call);
  bool cancelled();

 private:
  std::mutex mutex_;
  bool cancelled_ = false;
  std::set<wire::CallContext*> calls_;
};

struct CallAccess {
  static const std::shared_ptr<CancelState>& state(const CancelSource& source) {
    return source.state_;
  }
};

namespace host {

// One call at a time; as wire::CallContext.
class Call : public wire::CallContext, private wire::CallSink {
 public:
  // With default options.
  explicit Call(Core& core);
  Call(PluginState& plugin, const CallOptions& options);
  ~Call();

  void set_progress(std::function<void(std::uint64_t, std::uint64_t)> progress);
  // Forgets the last call's outcome; the next one has a new id.
  void renew();
  // Throws the error of a call that returned `status`, unless it is BH_OK.
  void check(bh_status status) const;

 private:
  void progress(std::uint64_t done, std::uint64_t total) override;
  void log(std::uint32_t level, std::string_view line) override;

  Core& core_;
  PluginState* plugin_ = nullptr;
  std::shared_ptr<CancelState> cancel_;
  std::function<void(std::uint64_t, std::uint64_t)> progress_;
};

}  // namespace host
}  // namespace bulkhead
