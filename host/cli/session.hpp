// What a command works with: its global options, its streams, and a host opened as they say.
#pragma once

#include <bulkhead/host.hpp>

#include <string>
#include <utility>
#include <vector>

#include "commands.hpp"
#include "failure.hpp"
#include "interrupts.hpp"
#include "output.hpp"
#include "progress.hpp"

namespace bulkhead::cli {

struct Session {
  GlobalOptions options;
  Output output;
  Interrupts interrupts;
  Progress progress;

  explicit Session(const GlobalOptions& global) : options(global), output(global.json) {}

  // Throws Failure. The host's log lines go to `progress`.
  Host open_host();
};

// Throws Failure where --plugins names something that is no folder.
void check_folders(const GlobalOptions& options);

// Runs `work` and turns the host's errors into failures, an interrupt into Exit::interrupted.
template <class Work>
auto attempt(Session& session, Doing doing, Work&& work) {
  try {
    return work();
  } catch (const Error& error) {
    session.interrupts.check();  // whatever the error is: the user ended it
    throw failure_of(error, doing);
  }
}

// "en_gpt2@^1.0" -> "en_gpt2", "^1.0"; without a range "*".
std::pair<std::string, std::string> split_plugin(const std::string& plugin);

std::optional<Isolation> parse_isolation(const std::string& text);
// KEY=VALUE items, as text: the host converts them to the types of the manifest.
std::map<std::string, std::string> parse_pairs(const std::vector<std::string>& items,
                                               const char* option);
// The most that the policy allows for limits.call_timeout, too.
constexpr std::chrono::nanoseconds kLongestTimeout = std::chrono::hours(720);
// What is wrong with a text as the time of a call, as the rest of a sentence; empty: nothing.
std::string timeout_problem(const std::string& text);
// Of --timeout; zero for an empty text.
std::chrono::nanoseconds parse_timeout(const std::string& text);

// A plugin and an instance of it, ready to be called.
struct Opened {
  Plugin plugin;
  Instance instance;
};
// The interface that a call means where none is named. Throws Failure where there are several.
std::string only_interface(const PluginInfo& info);
Opened open_plugin(Session& session, Host& host, const PluginOptions& options,
                   const OpenOptions& open = {});

}  // namespace bulkhead::cli
