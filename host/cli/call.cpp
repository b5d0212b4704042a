// bulkhead call PLUGIN METHOD [PARAMS]
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "failure.hpp"
#include "files.hpp"
#include "session.hpp"

namespace bulkhead::cli {

using nlohmann::ordered_json;

void call(Session& session, const CallCommandOptions& options) {
  CallOptions call;
  call.timeout = parse_timeout(options.plugin.timeout);
  call.cancel = &session.interrupts.cancel();
  const bool from_input = options.params == "-";
  const std::string params = from_input ? read_input("-", session.interrupts) : options.params;
  if (!nlohmann::json::accept(params)) {
    const std::string sentence = "the parameters of \"" + options.method + "\" are not JSON.";
    if (!from_input)
      throw usage_failure(sentence + " Example: bulkhead call en_gpt2 count '{\"text\": \"hi\"}'");
    throw Failure(Exit::bad_input, "data_invalid", sentence);
  }

  Host host = session.open_host();
  Opened opened = open_plugin(session, host, options.plugin);
  const PluginInfo& info = opened.plugin.info();
  const std::string interface =
      options.interface.empty() ? only_interface(info) : options.interface;
  const std::string result = attempt(session, Doing::calling, [&] {
    return opened.instance.call_json(interface, options.method, params, call);
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
