// A pipeline file, read and checked whole before anything runs. Format: docs/command-line.md.
#pragma once

#include <bulkhead/host.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ids.hpp"

namespace bulkhead::cli {

constexpr int kPipelineFormat = 1;

// Where bytes come from: a file, the result of another step, or a file that another step wrote.
struct Source {
  std::string text;                 // as written: "corpus.txt", "@encode", "@quantize:out"
  std::string path;                 // of a file, found from the pipeline's folder
  std::optional<std::size_t> step;  // index
  std::string written;              // the name by which that step was lent the file

  bool is_result() const { return step && path.empty(); }
};

// A file that is lent to the plugin for the time of a step.
struct LentFile {
  std::string name;  // by which the plugin knows it
  Source source;
  FileAccess access = FileAccess::read;
};

// A place in `params` where a field of another step's result goes.
struct Reference {
  std::size_t at = 0;  // bytes of `params` before it
  std::size_t step = 0;
  std::string field;
};

// Which plugin, and how it is opened.
struct Opening {
  std::string plugin;
  std::string range = "*";
  std::optional<Isolation> isolation;
  Config config;
};

// Opened by its first step and closed after its last one.
struct SharedInstance : Opening {
  std::string name;
};

struct Step : Opening {
  std::string name;
  std::optional<std::size_t> instance;  // index of the shared one
  std::string method;                   // empty: a comparison
  std::chrono::nanoseconds timeout{0};
  EncodeOptions encode;               // special tokens
  Format format = Format::u32le;      // of ids and pieces
  std::string interface;              // of other methods
  std::optional<std::string> params;  // of other methods, JSON without its references
  std::vector<Reference> references;  // in the order of their places
  std::vector<LentFile> lent;
  std::vector<Source> inputs;      // none or one; two for a comparison
  std::string output;              // path, empty: kept for other steps only
  std::vector<std::size_t> after;  // the steps that come first, each once

  bool compares() const { return method.empty(); }
  bool codec_method() const;
  // Throws Failure where a plugin does not offer the method.
  void check_method(const PluginInfo& info) const;
  // Its result is token ids in `format`.
  bool makes_ids() const { return method == "encode"; }
  // Where it writes the file that it was lent under this name; null: it was lent none.
  const std::string* written_path(const std::string& lent_name) const;
  // The steps whose results it reads, once for each reading.
  std::vector<std::size_t> results_read() const;
};

struct Pipeline {
  std::string file;
  std::string name;
  std::string hash;  // sha256 of the file
  std::map<std::string, std::string> variables;
  std::vector<SharedInstance> instances;
  std::vector<Step> steps;  // in the order of the file

  // `set` are values for its [variables]. Relative paths are relative to the file. Throws
  // manifest::FileError, and Failure for a file that isn't there.
  static Pipeline read(const std::string& file, const std::map<std::string, std::string>& set);
};

}  // namespace bulkhead::cli
