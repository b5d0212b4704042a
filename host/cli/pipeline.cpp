#include "pipeline.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "failure.hpp"
#include "host/services/granted_files.hpp"
#include "pipeline_checks.hpp"
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
    std::vector<TomlTable> instances = top.tables("instance");
    tables_ = top.tables("step");
    top.finish();
    for (TomlTable& table : instances) read_instance(table);
    if (tables_.empty())
      top.fail(nullptr, "this pipeline has no step; a step begins with [[step]]");
    if (tables_.size() > kMostSteps)
      top.fail(nullptr, "this pipeline has " + std::to_string(tables_.size()) + " steps; at most " +
                            std::to_string(kMostSteps) + " are allowed");
    read_names();
    for (std::size_t i = 0; i < tables_.size(); ++i) read_step(tables_[i], pipeline_.steps[i]);
    for (std::size_t i = 0; i < instances.size(); ++i)
      if (std::none_of(pipeline_.steps.begin(), pipeline_.steps.end(),
                       [i](const Step& step) { return step.instance == i; }))
        instances[i].fail("name", "no step uses this instance");
    check_steps(pipeline_, tables_);
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

  // ${name} becomes the variable's value, $$ a dollar sign. Where `references` are wanted,
  // ${@step.field} becomes one of them.
  std::string expand(const TomlTable& table, const char* key, const std::string& text,
                     std::vector<Reference>* references = nullptr) const {
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
      i = end;
      if (references != nullptr && name.starts_with('@')) {
        references->push_back(reference(table, key, name, result.size()));
        continue;
      }
      const auto value = pipeline_.variables.find(name);
      if (value == pipeline_.variables.end()) {
        std::vector<std::string> names;
        for (const auto& [known, unused] : pipeline_.variables) names.push_back(known);
        table.fail(key, "the table [variables] has no " + manifest::quoted(name) +
                            manifest::did_you_mean(name, names));
      }
      result += value->second;
    }
    return result;
  }

  // `text` is "@step.field".
  Reference reference(const TomlTable& table, const char* key, const std::string& text,
                      std::size_t at) const {
    const std::size_t dot = text.find('.');
    if (dot == std::string::npos || dot + 1 == text.size())
      table.fail(key, "${" + text + "} names no field of a result; example: ${@open.run}");
    return {at, find_step(table, key, text.substr(1, dot - 1)), text.substr(dot + 1)};
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

  std::size_t find_step(const TomlTable& table, const char* key, const std::string& name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end())
      table.fail(key,
                 "a file whose name begins with '@' is written \"./@...\", and there is no "
                 "step " +
                     manifest::quoted(name) + manifest::did_you_mean(name, names_));
    return static_cast<std::size_t>(found - names_.begin());
  }

  Source source(const TomlTable& table, const char* key, const std::string& text) const {
    Source source;
    source.text = text;
    if (text.empty()) table.fail(key, "this names no file and no step");
    if (text.front() != '@') {
      source.path = path(text);
      return source;
    }
    const std::size_t colon = text.find(':');
    source.step =
        find_step(table, key, text.substr(1, colon == std::string::npos ? colon : colon - 1));
    if (colon == std::string::npos) return source;
    source.written = text.substr(colon + 1);
    if (source.written.empty())
      table.fail(key, "this names no file of the step; example: \"@quantize:out\"");
    return source;
  }

  void read_instance(TomlTable& table) {
    SharedInstance instance;
    instance.name = table.required_text("name");
    if (!is_name(instance.name))
      table.fail("name", "an instance's name has letters, digits, '_' and '-' only, at most 64");
    for (const SharedInstance& other : pipeline_.instances)
      if (other.name == instance.name)
        table.fail("name", "there is another instance named " + manifest::quoted(instance.name) +
                               "; names are unique");
    read_opening(table, instance);
    table.finish();
    pipeline_.instances.push_back(std::move(instance));
  }

  // The plugin of a step: its own, or a shared instance.
  void read_target(TomlTable& table, Step& step) {
    const auto name = text(table, "instance");
    if (!name) return read_opening(table, step);
    std::vector<std::string> known;
    for (std::size_t i = 0; i < pipeline_.instances.size(); ++i) {
      known.push_back(pipeline_.instances[i].name);
      if (known.back() == *name) step.instance = i;
    }
    if (!step.instance)
      table.fail("instance", "there is no [[instance]] named " + manifest::quoted(*name) +
                                 manifest::did_you_mean(*name, known));
    for (const char* key : {"plugin", "isolation", "config"})
      if (table.has(key))
        table.fail_key(key, "the [[instance]] " + manifest::quoted(*name) +
                                " has the plugin, its isolation and its config");
    static_cast<Opening&>(step) = pipeline_.instances[*step.instance];
  }

  void read_step(TomlTable& table, Step& step) {
    if (const auto both = table.texts("compare")) {
      if (both->size() != 2) table.fail("compare", "compare takes two: files or \"@step\"s");
      for (const std::string& item : *both)
        step.inputs.push_back(source(table, "compare", expand(table, "compare", item)));
      return table.finish();
    }
    read_target(table, step);
    table.required_text("method");
    step.method = *text(table, "method");
    if (step.method.empty()) table.fail("method", "this names no method");
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

  void read_opening(TomlTable& table, Opening& step) {
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
    if (const auto params = table.text("params")) {
      step.params = expand(table, "params", *params, &step.references);
      check_params(table, step);
    }
    read_lent(table, "read", FileAccess::read, step);
    read_lent(table, "write", FileAccess::write, step);
  }

  void check_params(const TomlTable& table, const Step& step) const {
    if (!step.inputs.empty())
      table.fail("params", "the parameters come from `input` or from `params`, not from both");
    // A text in the place of each reference: within another text it is no JSON any more.
    std::string filled = *step.params;
    for (auto at = step.references.rbegin(); at != step.references.rend(); ++at)
      filled.insert(at->at, "\"x\"");
    if (nlohmann::json::accept(filled)) return;
    table.fail("params", std::string("this is not JSON; example: params = '") +
                             (step.references.empty()
                                  ? "{\"text\": \"hi\"}'"
                                  : "{\"run\": ${@open.run}}'; a reference is a whole value"));
  }

  // The table `read` or `write` of a step.
  void read_lent(TomlTable& table, const char* key, FileAccess access, Step& step) const {
    auto files = table.table(key);
    if (!files) return;
    for (const std::string& name : files->keys()) {
      if (const std::string problem = host::FileGrants::problem(name, "."); !problem.empty())
        files->fail_key(name, problem);
      for (const LentFile& other : step.lent)
        if (other.name == name)
          files->fail_key(name, "a file of this name is already lent for reading");
      const std::string file = *text(*files, name.c_str());
      if (access == FileAccess::write && (file.empty() || file.front() == '@'))
        files->fail(name.c_str(), "a file that is written has a path; other steps reach it as \"@" +
                                      step.name + ":" + name + "\"");
      step.lent.push_back({name, source(*files, name.c_str(), file), access});
    }
  }

  Pipeline& pipeline_;
  const std::map<std::string, std::string>& set_;
  fs::path folder_;
  std::vector<TomlTable> tables_;
  std::vector<std::string> names_;
};

}  // namespace

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
