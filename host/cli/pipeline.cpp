#include "pipeline.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <nlohmann/json.hpp>

#include "failure.hpp"
#include "registry/manifest/manifest.hpp"
#include "registry/manifest/text_file.hpp"
#include "registry/manifest/toml_reader.hpp"
#include "registry/manifest/version.hpp"
#include "session.hpp"

namespace bulkhead::cli {
namespace {

namespace fs = std::filesystem;
using manifest::FileError;
using manifest::TomlTable;

constexpr std::size_t kMostSteps = 1000;
const std::vector<std::string> kCodecMethods = {"encode", "decode", "tokenize", "count"};

// A hint ends its sentence with a question mark; without one there is a full stop.
std::string ending(const std::string& hint) { return hint.empty() ? "." : hint; }

// Names of steps and variables.
bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

// Reads one pipeline file: keeps what the checks across steps need to know about places.
class Reader {
 public:
  Reader(Pipeline& pipeline, const std::map<std::string, std::string>& set)
      : pipeline_(pipeline), set_(set), folder_(fs::path(pipeline.file).parent_path()) {}

  void read(std::string_view text) {
    TomlTable top = TomlTable::parse(text, pipeline_.file);
    const std::int64_t format = top.required_integer("pipeline");
    if (format != kPipelineFormat)
      top.fail("pipeline", "this is format " + std::to_string(format) +
                               " of pipeline files; this version of Bulkhead reads format 1");
    pipeline_.name = top.required_text("name");
    read_variables(top);
    tables_ = top.tables("step");
    top.finish();
    if (tables_.empty())
      top.fail(nullptr, "this pipeline has no step; a step begins with [[step]]");
    if (tables_.size() > kMostSteps)
      top.fail(nullptr, "this pipeline has " + std::to_string(tables_.size()) + " steps; at most " +
                            std::to_string(kMostSteps) + " are allowed");
    read_names();
    for (std::size_t i = 0; i < tables_.size(); ++i) read_step(tables_[i], pipeline_.steps[i]);
    refuse_shared_outputs();
    fit_inputs();
    refuse_cycles();
    refuse_missing_files();
  }

 private:
  void read_variables(TomlTable& top) {
    if (auto table = top.table("variables")) {
      for (const std::string& name : table->keys()) {
        if (!is_name(name))
          table->fail_key(name, "a variable's name has letters, digits, '_' and '-' only");
        pipeline_.variables[name] = *table->text(name.c_str());
      }
    }
    std::vector<std::string> names;
    for (const auto& [name, value] : pipeline_.variables) names.push_back(name);
    for (const auto& [name, value] : set_) {
      if (!pipeline_.variables.contains(name))
        throw usage_failure("--set " + name + "=...: " + pipeline_.file + " has no variable " +
                            manifest::quoted(name) + ending(manifest::did_you_mean(name, names)) +
                            " Its [variables] are: " + manifest::listed(names) + ".");
      pipeline_.variables[name] = value;
    }
  }

  // ${name} becomes the variable's value, $$ a dollar sign.
  std::string expand(const TomlTable& table, const char* key, const std::string& text) const {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '$') {
        result += text[i];
        continue;
      }
      if (i + 1 < text.size() && text[i + 1] == '$') {
        result += text[++i];
        continue;
      }
      const std::size_t end = text.find('}', i);
      if (i + 1 >= text.size() || text[i + 1] != '{' || end == std::string::npos)
        table.fail(key, "a '$' begins ${VARIABLE}; write $$ for a dollar sign");
      const std::string name = text.substr(i + 2, end - i - 2);
      const auto value = pipeline_.variables.find(name);
      if (value == pipeline_.variables.end()) {
        std::vector<std::string> names;
        for (const auto& [known, unused] : pipeline_.variables) names.push_back(known);
        table.fail(key, "the table [variables] has no " + manifest::quoted(name) +
                            manifest::did_you_mean(name, names));
      }
      result += value->second;
      i = end;
    }
    return result;
  }

  std::optional<std::string> text(TomlTable& table, const char* key) const {
    auto value = table.text(key);
    if (value) value = expand(table, key, *value);
    return value;
  }

  std::string path(const std::string& text) const {
    const fs::path file(text);
    return (file.is_absolute() ? file : folder_ / file).lexically_normal().string();
  }

  // All names first, so that a step can refer to a later one.
  void read_names() {
    for (TomlTable& table : tables_) {
      const std::string name = table.required_text("name");
      if (!is_name(name))
        table.fail("name", "a step's name has letters, digits, '_' and '-' only, at most 64");
      const auto other = std::find(names_.begin(), names_.end(), name);
      if (other != names_.end()) {
        const auto index = static_cast<std::size_t>(other - names_.begin());
        table.fail("name", "a step named " + manifest::quoted(name) + " is already in line " +
                               std::to_string(tables_[index].line("name")) + "; names are unique");
      }
      names_.push_back(name);
      pipeline_.steps.emplace_back();
      pipeline_.steps.back().name = name;
    }
  }

  Source source(const TomlTable& table, const char* key, const std::string& text) const {
    Source source;
    source.text = text;
    if (text.empty()) table.fail(key, "this names no file and no step");
    if (text.front() != '@') {
      source.path = path(text);
      return source;
    }
    const std::string name = text.substr(1);
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end())
      table.fail(key,
                 "a file whose name begins with '@' is written \"./@...\", and there is no "
                 "step " +
                     manifest::quoted(name) + manifest::did_you_mean(name, names_));
    source.step = static_cast<std::size_t>(found - names_.begin());
    return source;
  }

  void read_step(TomlTable& table, Step& step) {
    if (const auto both = table.texts("compare")) {
      if (both->size() != 2) table.fail("compare", "compare takes two: files or \"@step\"s");
      for (const std::string& item : *both)
        step.inputs.push_back(source(table, "compare", expand(table, "compare", item)));
      return table.finish();
    }
    read_plugin(table, step);
    if (const auto input = text(table, "input"))
      step.inputs.push_back(source(table, "input", *input));
    if (const auto output = text(table, "output")) {
      if (output->empty() || output->front() == '@')
        table.fail("output", "an output is a file; other steps reach it as \"@" + step.name + "\"");
      step.output = path(*output);
    }
    if (const auto timeout = text(table, "timeout")) {
      if (const std::string problem = timeout_problem(*timeout); !problem.empty())
        table.fail("timeout", manifest::quoted(*timeout) + " " + problem);
      step.timeout = parse_timeout(*timeout);
    }
    if (step.codec_method())
      read_codec(table, step);
    else
      read_other(table, step);
    table.finish();
  }

  void read_plugin(TomlTable& table, Step& step) {
    table.required_text("plugin");
    const std::string plugin = *text(table, "plugin");
    const std::size_t at = plugin.find('@');
    step.plugin = plugin.substr(0, at);
    if (at != std::string::npos) {
      step.range = plugin.substr(at + 1);
      if (!manifest::Range::parse(step.range))
        table.fail("plugin", manifest::quoted(step.range) +
                                 " is no range of versions; examples: 1.2.0, ^1.2, >=1.0 <2.0");
    }
    table.required_text("method");
    step.method = *text(table, "method");
    if (step.method.empty()) table.fail("method", "this names no method");
    if (const auto isolation = text(table, "isolation")) {
      try {
        step.isolation = parse_isolation(*isolation);
      } catch (const Failure&) {
        table.fail("isolation", manifest::quoted(*isolation) +
                                    " is no isolation; it is \"cell\" or \"in-process\"");
      }
    }
    auto config = table.table("config");
    if (!config) return;
    for (const std::string& name : config->keys()) {
      const char* key = name.c_str();
      const std::string type = config->type_of(key);
      if (type == "boolean")
        step.config[name] = *config->boolean(key);
      else if (type == "integer")
        step.config[name] = *config->integer(key);
      else if (type == "float")
        step.config[name] = *config->number(key);
      else
        step.config[name] = *text(*config, key);
    }
  }

  void read_codec(TomlTable& table, Step& step) {
    if (step.inputs.empty())
      table.fail(nullptr, "step " + manifest::quoted(step.name) +
                              " needs an input: a file, or "
                              "\"@step\" for what another step made");
    // Ids between steps are u32le; pieces are lines.
    step.format = step.method == "tokenize" ? Format::text : Format::u32le;
    const auto format = text(table, "format");
    if (format) {
      try {
        step.format = parse_format(*format);
      } catch (const Failure&) {
        table.fail("format", "a format is \"u32le\", \"json\" or \"text\"");
      }
      if (step.method == "count") table.fail("format", "count has no format");
      if (step.method == "tokenize" && step.format == Format::u32le)
        table.fail("format", "u32le is for ids; pieces are \"text\" or \"json\"");
      if (step.method == "decode" && step.inputs.front().step)
        table.fail("format", "an input that a step made has that step's format");
    }
    if (step.method == "decode") return;
    special(table, "allow_special", step.encode.special.allow_all, step.encode.special.allowed);
    special(table, "disallow_special", step.encode.special.disallow_all,
            step.encode.special.disallowed);
  }

  void special(TomlTable& table, const char* key, bool& all, std::vector<std::string>& list) const {
    const auto tokens = table.texts(key);
    if (!tokens) return;
    all = std::find(tokens->begin(), tokens->end(), "all") != tokens->end();
    if (!all) list = *tokens;
  }

  void read_other(TomlTable& table, Step& step) const {
    step.interface = text(table, "interface").value_or("");
    step.params = text(table, "params");
    if (step.params && !step.inputs.empty())
      table.fail("params", "the parameters come from `input` or from `params`, not from both");
    if (step.params && !nlohmann::json::accept(*step.params))
      table.fail("params", "this is not JSON; example: params = '{\"text\": \"hi\"}'");
  }

  void refuse_shared_outputs() const {
    std::map<std::string, std::size_t> writers;
    for (std::size_t i = 0; i < pipeline_.steps.size(); ++i) {
      const Step& step = pipeline_.steps[i];
      if (step.output.empty()) continue;
      for (const Source& input : step.inputs)
        if (!input.step && input.path == step.output)
          tables_[i].fail("output",
                          "this step reads the file that it would write; give the output another "
                          "name");
      const auto [other, added] = writers.emplace(step.output, i);
      if (!added)
        tables_[i].fail(
            "output", "step " + manifest::quoted(names_[other->second]) + " writes this file, too");
    }
    for (std::size_t i = 0; i < pipeline_.steps.size(); ++i)
      for (const Source& input : pipeline_.steps[i].inputs) {
        const auto writer = input.step ? writers.end() : writers.find(input.path);
        if (writer == writers.end()) continue;
        const std::string& name = names_[writer->second];
        tables_[i].fail(pipeline_.steps[i].compares() ? "compare" : "input",
                        "step " + manifest::quoted(name) + " writes this file; refer to it as \"@" +
                            name + "\", so that the order is clear");
      }
  }

  // Depth first; `trail` are the steps from the first one to this one.
  void visit(std::size_t index, std::vector<std::size_t>& trail,
             std::set<std::size_t>& done) const {
    if (done.contains(index)) return;
    const auto start = std::find(trail.begin(), trail.end(), index);
    if (start != trail.end()) {
      std::string circle;
      for (auto at = start; at != trail.end(); ++at) circle += names_[*at] + " needs ";
      const Step& step = pipeline_.steps[index];
      tables_[index].fail(step.compares() ? "compare" : "input",
                          "these steps wait for each other: " + circle + names_[index]);
    }
    trail.push_back(index);
    for (const Source& input : pipeline_.steps[index].inputs)
      if (input.step) visit(*input.step, trail, done);
    trail.pop_back();
    done.insert(index);
  }

  void refuse_cycles() const {
    std::set<std::size_t> done;
    std::vector<std::size_t> trail;
    for (std::size_t i = 0; i < pipeline_.steps.size(); ++i) visit(i, trail, done);
  }

  // What a step makes must be what the next one reads.
  void fit_inputs() {
    for (std::size_t i = 0; i < pipeline_.steps.size(); ++i) {
      Step& step = pipeline_.steps[i];
      for (const Source& input : step.inputs) {
        if (!input.step) continue;
        const Step& maker = pipeline_.steps[*input.step];
        const char* key = step.compares() ? "compare" : "input";
        if (maker.compares())
          tables_[i].fail(key, "step " + manifest::quoted(maker.name) +
                                   " compares, and so has no result to read");
        if (step.method != "decode") continue;
        if (maker.codec_method() && !maker.makes_ids())
          tables_[i].fail(key, "decode reads token ids, but step " + manifest::quoted(maker.name) +
                                   " (" + maker.method + ") makes none");
        step.format = maker.makes_ids() ? maker.format : Format::json;
      }
    }
  }

  // Before the first step runs: nobody wants to learn of a typo after an hour.
  void refuse_missing_files() const {
    std::error_code error;
    for (std::size_t i = 0; i < pipeline_.steps.size(); ++i) {
      const Step& step = pipeline_.steps[i];
      try {
        for (const Source& input : step.inputs)
          if (!input.step && !fs::exists(input.path, error))
            tables_[i].fail(step.compares() ? "compare" : "input",
                            "there is no file " + manifest::quoted(input.path));
        const fs::path folder = fs::path(step.output).parent_path();
        if (!folder.empty() && !fs::is_directory(folder, error))
          tables_[i].fail("output", "there is no folder " + manifest::quoted(folder.string()));
      } catch (const FileError& missing) {
        throw Failure(Exit::not_found, "not_found", missing.what());
      }
    }
  }

  Pipeline& pipeline_;
  const std::map<std::string, std::string>& set_;
  fs::path folder_;
  std::vector<TomlTable> tables_;
  std::vector<std::string> names_;
};

// Of the one interface that this version knows: the functions of bh_codec_v1.
const std::vector<std::string> kMethods = {
    "encode",       "decode",      "tokenize",    "count",        "encode_batch",
    "decode_batch", "stream_open", "stream_push", "stream_close", "info"};

}  // namespace

void Step::check_method(const PluginInfo& info) const {
  const std::string wanted = codec_method()      ? BH_CODEC_1
                             : interface.empty() ? only_interface(info)
                                                 : interface;
  const auto& offered = info.interfaces;
  if (std::find(offered.begin(), offered.end(), wanted) == offered.end())
    throw Failure(Exit::not_found, "not_found",
                  info.id + " " + info.version + " has no interface " + manifest::quoted(wanted) +
                      ", which has the method " + manifest::quoted(method) + "; it offers " +
                      manifest::listed(offered) + ".");
  if (wanted != BH_CODEC_1 || std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end())
    return;
  throw Failure(Exit::not_found, "not_found",
                wanted + " has no method " + manifest::quoted(method) +
                    ending(manifest::did_you_mean(method, kMethods)) + " It has " +
                    manifest::listed(kMethods) + ".");
}

bool Step::codec_method() const {
  return std::find(kCodecMethods.begin(), kCodecMethods.end(), method) != kCodecMethods.end();
}

Pipeline Pipeline::read(const std::string& file, const std::map<std::string, std::string>& set) {
  const std::optional<std::string> text = manifest::read_text_file(file);
  if (!text)
    throw Failure(Exit::not_found, "not_found",
                  "there is no pipeline file \"" + file + "\". Check the path.");
  Pipeline pipeline;
  pipeline.file = file;
  pipeline.hash = sha256(*text);
  Reader(pipeline, set).read(*text);
  return pipeline;
}

}  // namespace bulkhead::cli
