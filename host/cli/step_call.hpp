// The call of a step: its plugin, its instance, the files that it is lent.
#pragma once

#include <bulkhead/host.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "pipeline.hpp"
#include "record.hpp"
#include "session.hpp"

namespace bulkhead::cli {

class StepCalls {
 public:
  // `isolation`, where given, is for all steps, and so is `develop`: in development cells.
  StepCalls(Session& session, const Pipeline& pipeline, std::optional<Isolation> isolation,
            bool develop);

  Host& host() { return host_; }

  // Calls the plugin and returns the result, as the step's output has it; what it found out is in
  // `record`, the files that the step was lent included. `input` is null where the step has none;
  // `params` has its references filled in. Throws Failure. From any thread, but the steps of one
  // instance come one after another.
  std::string make(const Step& step, StepRecord& record, const std::string* input,
                   const std::string& input_name, const std::optional<std::string>& params);
  // No step will use this shared instance any more.
  void close(std::size_t instance);

 private:
  Plugin load(const Step& step);
  Instance open(const Step& step, Plugin& plugin);
  std::string call(const Step& step, Plugin& plugin, Instance& instance, const std::string* input,
                   const std::string& input_name, const std::optional<std::string>& params);

  Session& session_;
  const std::optional<Isolation> isolation_;
  const bool develop_;
  Host host_;
  std::mutex loading_;  // one load at a time: two steps often want the same plugin
  std::map<std::tuple<std::string, std::string, std::optional<Isolation>>, Plugin> plugins_;
  std::mutex opening_;  // guards instances_
  std::vector<std::optional<Instance>> instances_;
};

}  // namespace bulkhead::cli
