// bulkhead command: the commands that plugins contribute.
#include <bulkhead/command_client.hpp>

#include <sstream>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "failure.hpp"
#include "files.hpp"
#include "ids.hpp"
#include "session.hpp"

namespace bulkhead::cli {
namespace {

using nlohmann::ordered_json;

ordered_json document_of(const Opened& opened) {
  ordered_json document;
  document["plugin"] = opened.plugin.info().id;
  document["version"] = opened.plugin.info().version;
  document["isolation"] = isolation_name(opened.plugin.isolation());
  document["level"] = opened.plugin.level().number;
  return document;
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) result.push_back(line);
  return result;
}

void list_commands(Session& session, const Opened& opened, const CommandClient& client,
                   const CallOptions& call) {
  const auto commands = attempt(session, Doing::calling, [&] { return client.list(call); });
  if (session.output.json()) {
    ordered_json document = document_of(opened);
    document["commands"] = ordered_json::array();
    for (const CommandInfo& command : commands)
      document["commands"].push_back(
          {{"name", command.name}, {"summary", command.summary}, {"help", command.help}});
    return session.output.document(document);
  }
  for (const CommandInfo& command : commands) {
    session.output.write(command.name + "  " + printable(command.summary) + "\n");
    for (const std::string& line : lines(command.help))
      session.output.write("    " + printable(line) + "\n");
  }
}

}  // namespace

void command(Session& session, const CommandOptions& options) {
  CallOptions call;
  call.timeout = parse_timeout(options.plugin.timeout);
  call.cancel = &session.interrupts.cancel();
  Host host = session.open_host();
  Opened opened =
      open_plugin(session, host, options.plugin, lent_files(options.read, options.write));
  const CommandClient client =
      attempt(session, Doing::loading, [&] { return CommandClient(opened.instance); });
  if (options.name.empty()) return list_commands(session, opened, client, call);

  const std::string input =
      options.input.empty() ? "" : read_input(options.input, session.interrupts);
  const CommandInput given{input, session.output.terminal() && !session.output.json()};
  const CommandOutput made = attempt(session, Doing::calling, [&] {
    return client.run(options.name, options.arguments, given, call);
  });
  session.exit_code = made.exit_code;
  if (session.output.json()) {
    ordered_json document = document_of(opened);
    document["command"] = options.name;
    document["exit_code"] = made.exit_code;
    document["output"] = ordered_json::parse(bytes_as_json(made.output));
    document["errors"] = ordered_json::parse(bytes_as_json(made.errors));
    return session.output.document(document);
  }
  for (const std::string& line : lines(made.errors)) session.progress.line(printable(line));
  session.output.write(made.output);
}

}  // namespace bulkhead::cli
