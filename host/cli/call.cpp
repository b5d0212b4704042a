// bulkhead call PLUGIN METHOD [PARAMS]
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "failure.hpp"
#include "files.hpp"
#include "host/services/granted_files.hpp"
#include "session.hpp"

namespace bulkhead::cli {

using nlohmann::ordered_json;

namespace {

// The host refused the parameters before the plugin saw them: it begins with their path, such as
// "params.text", and a plugin's error with the plugin's name.
bool about_params(const Error& error) {
  const std::string_view words = error.what();
  return error.status() == Status::invalid_argument &&
         (words.starts_with("params.") || words.starts_with("params must"));
}

std::string sentence(std::string text) {
  return text.ends_with('.') || text.ends_with('?') ? text : text + ".";
}

// Parameters on the command line are usage, those from standard input are data.
[[noreturn]] void refuse_params(bool from_input, const std::string& problem) {
  if (from_input) throw Failure(Exit::bad_input, "data_invalid", problem);
  throw usage_failure(problem);
}

void lend(OpenOptions& open, const std::vector<std::string>& items, const char* option,
          FileAccess access) {
  for (const auto& [name, file] : parse_pairs(items, option)) {
    if (const std::string problem = host::FileGrants::problem(name, file); !problem.empty()) {
      throw usage_failure(std::string(option) + ": " + sentence(problem));
    }
    open.files[name] = {file, access};
  }
}

}  // namespace

void call(Session& session, const CallCommandOptions& options) {
  CallOptions call;
  call.timeout = parse_timeout(options.plugin.timeout);
  call.cancel = &session.interrupts.cancel();
  const bool from_input = options.params == "-";
  const std::string params = from_input ? read_input("-", session.interrupts) : options.params;
  if (!nlohmann::json::accept(params)) {
    const std::string problem =
        options.plugin.plugin + ": " + options.method + ": the parameters are not JSON.";
    refuse_params(from_input, from_input ? problem
                                         : problem +
                                               " Example: bulkhead call en_gpt2 count "
                                               "'{\"text\": \"hi\"}'");
  }

  Host host = session.open_host();
  OpenOptions lent;
  lend(lent, options.read, "--read", FileAccess::read);
  lend(lent, options.write, "--write", FileAccess::write);
  Opened opened = open_plugin(session, host, options.plugin, lent);
  const PluginInfo& info = opened.plugin.info();
  const std::string interface =
      options.interface.empty() ? only_interface(info) : options.interface;
  const std::string result = attempt(session, Doing::calling, [&] {
    try {
      return opened.instance.call_json(interface, options.method, params, call);
    } catch (const Error& error) {
      if (about_params(error))
        refuse_params(from_input, info.id + " " + info.version + ": " + options.method + ": " +
                                      sentence(error.what()));
      throw;
    }
  });
  if (!session.output.json()) return session.output.write(result + "\n");

  ordered_json answer;
  answer["plugin"] = info.id;
  answer["version"] = info.version;
  answer["isolation"] = isolation_name(opened.plugin.isolation());
  answer["level"] = opened.plugin.level().number;
  answer["interface"] = interface;
  answer["method"] = options.method;
  answer["result"] = ordered_json::parse(result, nullptr, false);
  session.output.document(answer);
}

}  // namespace bulkhead::cli
