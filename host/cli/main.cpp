// The `bulkhead` command: reads the command line and runs one command.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <new>
#include <string_view>

#include "commands.hpp"
#include "descriptors.hpp"
#include "failure.hpp"
#include "registry/manifest/words.hpp"
#include "session.hpp"

namespace bulkhead::cli {
namespace {

struct AllOptions {
  GlobalOptions global;
  InfoOptions info;
  CallCommandOptions call;
  CommandOptions command;
  CodecOptions codec;
  RunOptions run;
  NewOptions new_plugin;
  CheckOptions check;
  SecretsOptions secrets;
};

using Command = std::function<void(Session&)>;

constexpr const char* kExitCodes =
    "Exit codes: 0 ok, 1 the call or plugin failed, 2 usage, 3 not found, 4 bad input file, "
    "manifest\n"
    "or policy, 5 denied or below the minimum level, 6 deadline or cancelled, 7 plugin crashed,\n"
    "74 output could not be written, 130 interrupted.";

constexpr const char* kGlobalHint =
    "--json, --policy, --plugins and --verbose may stand here, too: see `bulkhead --help`.";

// One value for each time the option is given, so that a FILE after it is not swallowed.
template <class List>
CLI::Option* add_list(CLI::App& app, const std::string& name, List& list, const std::string& help) {
  return app.add_option(name, list, help)->allow_extra_args(false);
}

// For options whose empty value would silently mean that the option is not given.
CLI::Option* not_empty(CLI::Option* option) {
  return option->check(CLI::Validator(
      [](std::string& text) { return std::string(text.empty() ? "the value is empty" : ""); }, "",
      ""));
}

constexpr const char* kDevelopHelp =
    "In a cell for debugging, at level 0: a debugger may attach, core dumps, sanitizers";

void add_plugin_options(CLI::App& app, PluginOptions& options) {
  add_list(app, "--config", options.config, "Configuration of the plugin; repeatable")
      ->type_name("KEY=VALUE");
  not_empty(app.add_option("--isolation", options.isolation,
                           "cell or in-process; default: what the policy says"))
      ->type_name("MODE");
  not_empty(app.add_option("--timeout", options.timeout, "Time for the call: 250ms, 5s, 2min"))
      ->type_name("TIME");
  app.add_flag("--develop", options.develop, kDevelopHelp);
  app.add_flag("--wait-for-debugger", options.wait_for_debugger,
               "As --develop, and nothing begins before a debugger is attached");
}

// A subcommand that can be followed by the global options.
CLI::App& add_command(CLI::App& parent, const char* name, const char* help, Command& chosen,
                      Command command) {
  CLI::App* app = parent.add_subcommand(name, help);
  app->fallthrough();
  app->footer(kGlobalHint);
  app->final_callback([&chosen, command = std::move(command)] { chosen = command; });
  return *app;
}

void add_codec_command(CLI::App& codec, const char* name, const char* help, const char* format_help,
                       bool special, CodecOptions& options, Command& chosen, Command command) {
  CLI::App& app = add_command(codec, name, help, chosen, std::move(command));
  app.add_option("--plugin", options.plugin.plugin, "The codec plugin")
      ->required()
      ->type_name("ID[@RANGE]");
  not_empty(app.add_option("--encoding", options.encoding, "Short for --config encoding=NAME"))
      ->type_name("NAME");
  add_plugin_options(app, options.plugin);
  app.add_option("--format", options.format, format_help)->type_name("u32le|json|text");
  if (special) {
    add_list(app, "--allow-special", options.allow_special,
             "Recognise this special token in the text, or all; repeatable")
        ->type_name("TOKEN|all");
    add_list(app, "--disallow-special", options.disallow_special,
             "Fail where the text has this special token, or all; repeatable")
        ->type_name("TOKEN|all");
  }
  not_empty(app.add_option("--output", options.output, "Write to FILE, whole or not at all"))
      ->type_name("FILE");
  app.add_option("FILE", options.file, "Input; default: standard input")->type_name("");
}

void add_codec(CLI::App& top, AllOptions& options, Command& chosen) {
  CLI::App* codec = top.add_subcommand("codec", "Text to token ids and back");
  codec->fallthrough()->require_subcommand(1);
  CodecOptions& all = options.codec;
  add_codec_command(*codec, "encode", "Text to token ids", "Of the ids; default text", true, all,
                    chosen, [&all](Session& session) { codec_encode(session, all); });
  add_codec_command(*codec, "decode", "Token ids to text", "Of the input; default text", false, all,
                    chosen, [&all](Session& session) { codec_decode(session, all); });
  add_codec_command(*codec, "tokenize", "Text to pieces",
                    "text (a line each) or json; default text", true, all, chosen,
                    [&all](Session& session) { codec_tokenize(session, all); });
  add_codec_command(*codec, "count", "How many ids a text has",
                    "Accepted; a number is the same in all", true, all, chosen,
                    [&all](Session& session) { codec_count(session, all); });
  codec->footer(
      "Examples:\n"
      "  bulkhead codec encode --plugin en_gpt2 --encoding o200k_base book.txt\n"
      "  bulkhead codec encode --plugin en_gpt2 --format u32le --output book.u32 book.txt\n"
      "  bulkhead codec decode --plugin en_gpt2 --format u32le book.u32");
}

void add_file_options(CLI::App& app, std::vector<std::string>& read,
                      std::vector<std::string>& write) {
  add_list(app, "--read", read, "A file that the plugin may read; repeatable")
      ->type_name("NAME=FILE");
  add_list(app, "--write", write, "A file that the plugin may write; repeatable")
      ->type_name("NAME=FILE");
}

void add_plugin_command(CLI::App& top, AllOptions& options, Command& chosen) {
  CommandOptions& contributed = options.command;
  CLI::App& app = add_command(top, "command", "Run a command of a plugin, or list them", chosen,
                              [&contributed](Session& session) { command(session, contributed); });
  app.add_option("PLUGIN", contributed.plugin.plugin, "ID, or ID@RANGE")->required()->type_name("");
  app.add_option("NAME", contributed.name, "Its command; without one they are listed")
      ->type_name("");
  app.add_option("ARGUMENT", contributed.arguments,
                 "For the command; -- before them where one begins with a dash")
      ->type_name("");
  not_empty(app.add_option("--input", contributed.input,
                           "Standard input of the command; - is that of bulkhead"))
      ->type_name("FILE");
  add_file_options(app, contributed.read, contributed.write);
  add_plugin_options(app, contributed.plugin);
}

void add_secrets(CLI::App& top, AllOptions& options, Command& chosen) {
  CLI::App* secrets = top.add_subcommand("secrets", "Secrets that plugins use and never see");
  secrets->fallthrough()->require_subcommand(1);
  SecretsOptions& all = options.secrets;
  CLI::App& set = add_command(*secrets, "set",
                              "Make or replace a secret; its value is read from "
                              "standard input, or asked for",
                              chosen, [&all](Session& session) { secrets_set(session, all); });
  set.add_option("NAME", all.name, "Name of the secret: api_key")->required()->type_name("");
  add_list(set, "--origin", all.origins,
           "Where the secret may be sent; repeatable. Without one it can only sign")
      ->type_name("ORIGIN");
  add_command(*secrets, "list", "Names, and which plugins are granted them; never values", chosen,
              [](Session& session) { secrets_list(session); });
  CLI::App& rm = add_command(*secrets, "rm", "Remove a secret", chosen,
                             [&all](Session& session) { secrets_rm(session, all); });
  rm.add_option("NAME", all.name, "Name of the secret")->required()->type_name("");
  secrets->footer(
      "Examples:\n"
      "  bulkhead secrets set api_key --origin https://api.example.org < key.txt\n"
      "  bulkhead secrets list");
}

void add_other_commands(CLI::App& top, AllOptions& options, Command& chosen) {
  add_command(top, "list", "Installed plugins", chosen, [](Session& session) { list(session); });

  InfoOptions& facts = options.info;
  CLI::App& info_app = add_command(top, "info", "What a plugin is and what it would be allowed",
                                   chosen, [&facts](Session& session) { info(session, facts); });
  info_app.add_option("PLUGIN", facts.plugin.plugin, "ID, or ID@RANGE")->required()->type_name("");
  info_app.add_flag("--load", facts.load,
                    "Load it, for what only the running plugin knows: its level, its vocabulary");
  add_plugin_options(info_app, facts.plugin);

  CallCommandOptions& method = options.call;
  CLI::App& call_app = add_command(top, "call", "Call any method, JSON in and JSON out", chosen,
                                   [&method](Session& session) { call(session, method); });
  call_app.add_option("PLUGIN", method.plugin.plugin, "ID, or ID@RANGE")->required()->type_name("");
  call_app.add_option("METHOD", method.method, "Name of the method")->required()->type_name("");
  call_app
      .add_option("PARAMS", method.params,
                  "Parameters as JSON, - reads standard input; "
                  "default {}")
      ->type_name("");
  not_empty(call_app.add_option("--interface", method.interface,
                                "Needed where the plugin offers several"))
      ->type_name("NAME");
  add_file_options(call_app, method.read, method.write);
  add_plugin_options(call_app, method.plugin);
  call_app.footer(
      std::string("Example:\n  bulkhead call en_gpt2 count '{\"text\": \"Hello\"}'\n\n") +
      kGlobalHint);

  add_plugin_command(top, options, chosen);

  CheckOptions& conformance = options.check;
  CLI::App& check_app =
      add_command(top, "check", "Whether a plugin keeps the contract", chosen,
                  [&conformance](Session& session) { check(session, conformance); });
  check_app.add_option("PATH", conformance.path, "Folder of the plugin")->type_name("");
  add_list(check_app, "--only", conformance.only, "A case, or a group of them; repeatable")
      ->type_name("CASE");
  add_list(check_app, "--config", conformance.config, "Configuration of the plugin; repeatable")
      ->type_name("KEY=VALUE");
  check_app.add_flag("--list", conformance.list, "All cases, and what they are about");
  check_app.add_flag("--in-process", conformance.in_process,
                     "Compare both isolations, too: runs the plugin in a process of its own, "
                     "without a sandbox");
  not_empty(check_app.add_option("--answers", conformance.answers,
                                 "Only print what the planned calls give: cell or in-process"))
      ->type_name("MODE");

  RunOptions& pipeline = options.run;
  CLI::App& run_app = add_command(top, "run", "Run a pipeline file", chosen,
                                  [&pipeline](Session& session) { run(session, pipeline); });
  run_app.add_option("PIPELINE", pipeline.pipeline, "The pipeline file")->required()->type_name("");
  not_empty(
      run_app.add_option("--record", pipeline.record,
                         "Where the run record goes; default: beside the pipeline, as .run.json"))
      ->type_name("FILE");
  add_list(run_app, "--set", pipeline.set, "A value for one of its [variables]; repeatable")
      ->type_name("NAME=VALUE");
  not_empty(
      run_app.add_option("--isolation", pipeline.isolation, "cell or in-process, for all steps"))
      ->type_name("MODE");

  run_app.add_flag("--develop", pipeline.develop, kDevelopHelp);

  NewOptions& project = options.new_plugin;
  CLI::App& new_app = add_command(top, "new", "Make the project of a plugin", chosen,
                                  [&project](Session& session) { new_plugin(session, project); });
  new_app.add_option("KIND", project.kind, "codec, command, ...")->required()->type_name("");
  new_app.add_option("NAME", project.name, "Id of the plugin: my_codec")->required()->type_name("");
  not_empty(new_app.add_option("--folder", project.folder, "Where; default: ./NAME"))
      ->type_name("DIR");

  add_command(top, "ps", "Running hosts and their cells", chosen,
              [](Session& session) { ps(session); });
  add_command(top, "doctor", "What this machine offers, and what is wrong", chosen,
              [](Session& session) { doctor(session); });
}

void describe(CLI::App& top, AllOptions& options, Command& chosen) {
  top.require_subcommand(1);
  GlobalOptions& global = options.global;
  not_empty(top.add_option("--policy", global.policy,
                           "Policy file; default: see docs/policy.md (installed in "
                           "share/doc/bulkhead)"))
      ->type_name("FILE");
  not_empty(add_list(top, "--plugins", global.plugin_folders,
                     "Folder of plugins, searched before all others; repeatable"))
      ->type_name("DIR");
  top.add_flag("--json", global.json, "Answer with one JSON document");
  top.add_flag("-v,--verbose", global.verbose, "Log lines to standard error");
  top.set_version_flag("--version", std::string("bulkhead ") + host_version());
  add_other_commands(top, options, chosen);
  add_codec(top, options, chosen);
  add_secrets(top, options, chosen);
  top.footer(std::string("Examples:\n"
                         "  bulkhead list\n"
                         "  echo 'Hello, world' | bulkhead codec encode --plugin en_gpt2\n"
                         "  bulkhead run roundtrip.toml\n"
                         "  bulkhead doctor\n\n") +
             kExitCodes);
}

// "bulkhead codec": the name that a person types for help.
std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name()
                                     : full_name(*app.get_parent()) + " " + app.get_name();
}

// For an `app` that needs a command and got none, or one that it does not know.
std::string command_problem(const CLI::App& top, const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* known : app.get_subcommands(nullptr)) names.push_back(known->get_name());
  std::string sentence = "a command is missing.";
  for (const std::string& word : top.remaining(true)) {
    if (word.empty() || word.front() == '-') continue;
    const std::string hint = manifest::did_you_mean(word, names);
    sentence = "there is no command " + manifest::quoted(word) + (hint.empty() ? "." : hint);
    break;
  }
  return sentence + " The commands are " + manifest::listed(names) + ".";
}

// `bulkhead help codec` is `bulkhead codec --help`.
std::vector<const char*> with_help(int argc, char** argv) {
  std::vector<const char*> words(argv, argv + argc);
  if (argc < 2 || std::string_view(argv[1]) != "help") return words;
  words.erase(words.begin() + 1);
  words.push_back("--help");
  return words;
}

// True: go on with the chosen command. False: help or version was printed.
bool parse(CLI::App& top, int argc, char** argv, Output& output) {
  try {
    const std::vector<const char*> words = with_help(argc, argv);
    top.parse(static_cast<int>(words.size()), words.data());
    return true;
  } catch (const CLI::CallForHelp&) {
    output.write(top.help());
    return false;
  } catch (const CLI::CallForVersion& version) {
    output.write(std::string(version.what()) + "\n");
    return false;
  } catch (const CLI::ParseError& error) {
    const CLI::App* app = &top;
    while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
    const bool wants_command = !app->get_subcommands(nullptr).empty();
    const bool missing = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError) ||
                         error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
    std::string sentence = error.what();
    if (wants_command && missing) sentence = command_problem(top, *app);
    if (!sentence.ends_with('.')) sentence += ".";
    throw usage_failure(sentence + " `" + full_name(*app) + " --help` tells more.");
  }
}

int finish(Output& output, const Failure& failure) {
  try {
    output.report(failure);
  } catch (const Failure&) {
    // Standard output is what failed: the words are on standard error.
  }
  return static_cast<int>(failure.exit());
}

int run_command_line(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + std::max(argc, 1));
  Output output(std::find(words.begin(), words.end(), "--json") != words.end());
  try {
    AllOptions options;
    Command chosen;
    CLI::App top(
        "Bulkhead runs native plugins of machine learning systems, in sandboxed cells or in "
        "process.",
        "bulkhead");
    describe(top, options, chosen);
    int exit_code = static_cast<int>(Exit::ok);
    if (parse(top, argc, argv, output)) {
      check_folders(options.global);
      Session session(options.global);
      try {
        chosen(session);
        exit_code = session.exit_code;
      } catch (const Failure& failure) {
        return finish(session.output, failure);
      }
    }
    output.finish();
    return exit_code;
  } catch (const Failure& failure) {
    return finish(output, failure);
  } catch (const std::bad_alloc&) {
    return finish(output, {Exit::failed, "out_of_memory", "there is not enough memory."});
  } catch (const std::exception& error) {
    return finish(output, {Exit::failed, "internal", error.what()});
  }
}

}  // namespace
}  // namespace bulkhead::cli

int main(int argc, char** argv) {
  bulkhead::cli::hold_standard_descriptors();
  return bulkhead::cli::run_command_line(argc, argv);
}
