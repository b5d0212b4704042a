// The commands, one file each: their options as the command line gives them, and what runs them.
// Each writes its answer to the Output and throws a Failure where it can't.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace bulkhead::cli {

struct Session;

struct GlobalOptions {
  std::string policy;
  std::vector<std::string> plugin_folders;
  bool json = false;
  bool verbose = false;
};

// Options that say which plugin to load, and how; shared by several commands.
struct PluginOptions {
  std::string plugin;               // ID or ID@RANGE
  std::vector<std::string> config;  // KEY=VALUE
  std::string isolation;            // "cell", "in-process" or empty
  std::string timeout;              // "5s" or empty
  bool develop = false;             // a development cell
  bool wait_for_debugger = false;   // the same, and its start waits
};

struct InfoOptions {
  PluginOptions plugin;
  bool load = false;
};

struct CallCommandOptions {
  PluginOptions plugin;
  std::string method;
  std::string params = "{}";  // JSON, or "-"
  std::string interface;
  std::vector<std::string> read, write;  // NAME=FILE, granted to the plugin
};

struct CommandOptions {
  PluginOptions plugin;
  std::string name;  // empty: list them
  std::vector<std::string> arguments;
  std::string input;                     // a file, "-" for standard input, or empty
  std::vector<std::string> read, write;  // NAME=FILE, granted to the plugin
};

struct CodecOptions {
  PluginOptions plugin;
  std::string encoding;
  std::string format = "text";
  std::vector<std::string> allow_special;
  std::vector<std::string> disallow_special;
  std::string output;
  std::string file;
};

struct RunOptions {
  std::string pipeline;
  std::string record;
  std::vector<std::string> set;  // NAME=VALUE
  std::string isolation;
  bool develop = false;
};

struct CheckOptions {
  std::string path;
  std::vector<std::string> only;
  std::vector<std::string> config;  // KEY=VALUE
  bool list = false;
  bool in_process = false;
  std::string answers;  // "cell", "in-process" or empty
};

struct NewOptions {
  std::string kind;
  std::string name;
  std::string folder;  // empty: the name
};

struct SecretsOptions {
  std::string name;
  std::vector<std::string> origins;
};

void list(Session& session);
void info(Session& session, const InfoOptions& options);
void check(Session& session, const CheckOptions& options);
void call(Session& session, const CallCommandOptions& options);
void command(Session& session, const CommandOptions& options);
void codec_encode(Session& session, const CodecOptions& options);
void codec_decode(Session& session, const CodecOptions& options);
void codec_tokenize(Session& session, const CodecOptions& options);
void codec_count(Session& session, const CodecOptions& options);
void run(Session& session, const RunOptions& options);
void ps(Session& session);
void doctor(Session& session);
void secrets_set(Session& session, const SecretsOptions& options);
void secrets_list(Session& session);
void secrets_rm(Session& session, const SecretsOptions& options);
void new_plugin(Session& session, const NewOptions& options);

}  // namespace bulkhead::cli
