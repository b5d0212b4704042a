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

// Where a step's bytes come from: a file, or the result of another step.
struct Source {
  std::string text;                 // as written: "corpus.txt", "@encode"
  std::string path;                 // of a file, found from the pipeline's folder
  std::optional<std::size_t> step;  // index
};

struct Step {
  std::string name;
  std::string plugin;
  std::string range = "*";
  std::string method;  // empty: a comparison
  std::optional<Isolation> isolation;
  Config config;
  std::chrono::nanoseconds timeout{0};
  EncodeOptions encode;               // special tokens
  Format format = Format::u32le;      // of ids and pieces
  std::string interface;              // of other methods
  std::optional<std::string> params;  // of other methods, JSON
  std::vector<Source> inputs;         // none or one; two for a comparison
  std::string output;                 // path, empty: kept for other steps only

  bool compares() const { return method.empty(); }
  bool codec_method() const;
  // Throws Failure where a plugin does not offer the method.
  void check_method(const PluginInfo& info) const;
  // Its result is token ids in `format`.
  bool makes_ids() const { return method == "encode"; }
};

struct Pipeline {
  std::string file;
  std::string name;
  std::string hash;  // sha256 of the file
  std::map<std::string, std::string> variables;
  std::vector<Step> steps;  // in the order of the file

  // `set` are values for its [variables]. Relative paths are relative to the file. Throws
  // manifest::FileError, and Failure for a file that isn't there.
  static Pipeline read(const std::string& file, const std::map<std::string, std::string>& set);
};

}  // namespace bulkhead::cli
