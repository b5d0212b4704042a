#include "pipeline_checks.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "failure.hpp"
#include "registry/manifest/toml_reader.hpp"

namespace bulkhead::cli {
namespace {

namespace fs = std::filesystem;
using manifest::FileError;

using manifest::TomlTable;

class Checks {
 public:
  Checks(Pipeline& pipeline, const std::vector<TomlTable>& tables)
      : steps_(pipeline.steps), tables_(tables) {}

  void run() {
    find_written();
    refuse_shared_outputs();
    fit_inputs();
    order();
    refuse_cycles();
    refuse_missing_files();
  }

 private:
  // What of a step's table a source stands in.
  static const char* input_key(const Step& step) { return step.compares() ? "compare" : "input"; }

  // Each source of each step, with the key that it stands under.
  template <class Visit>
  void each_source(Visit&& visit) {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      for (Source& input : steps_[i].inputs) visit(i, input, input_key(steps_[i]));
      for (LentFile& file : steps_[i].lent)
        if (file.access == FileAccess::read) visit(i, file.source, "read");
    }
  }

  // The paths of files that steps write for other steps.
  void find_written() {
    each_source([&](std::size_t i, Source& source, const char* key) {
      if (!source.step) return;
      const Step& maker = steps_[*source.step];
      if (!source.written.empty()) {
        const std::string* path = maker.written_path(source.written);
        if (path == nullptr)
          tables_[i].fail(key, "step " + manifest::quoted(maker.name) + " writes no file " +
                                   manifest::quoted(source.written) +
                                   "; its table `write` would name it");
        source.path = *path;
      } else if (key == std::string_view("read")) {
        if (maker.output.empty())
          tables_[i].fail(key, "the result of step " + manifest::quoted(maker.name) +
                                   " is in no file that could be lent; give that step an output");
        source.path = maker.output;
      }
    });
  }

  struct Writer {
    std::size_t step;
    std::string reference;  // "@step", "@step:name"
  };

  void refuse_shared_outputs() {
    std::map<std::string, Writer> writers;
    const auto add = [&](std::size_t i, const std::string& path, const char* key,
                         const std::string& reference) {
      const auto [other, added] = writers.emplace(path, Writer{i, reference});
      if (!added)
        tables_[i].fail(key, "step " + manifest::quoted(steps_[other->second.step].name) +
                                 " writes this file, too");
    };
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const Step& step = steps_[i];
      if (!step.output.empty()) add(i, step.output, "output", "@" + step.name);
      for (const LentFile& file : step.lent)
        if (file.access == FileAccess::write)
          add(i, file.source.path, "write", "@" + step.name + ":" + file.name);
    }
    const auto writer_of = [&](const Source& source) -> const Writer* {
      const auto writer = source.step ? writers.end() : writers.find(source.path);
      return writer == writers.end() ? nullptr : &writer->second;
    };
    each_source([&](std::size_t i, const Source& source, const char*) {
      const Writer* const writer = writer_of(source);
      if (writer != nullptr && writer->step == i)
        tables_[i].fail(source.path == steps_[i].output ? "output" : "write",
                        "this step reads the file that it would write; give the output another "
                        "name");
    });
    each_source([&](std::size_t i, const Source& source, const char* key) {
      if (const Writer* const writer = writer_of(source))
        tables_[i].fail(key, "step " + manifest::quoted(steps_[writer->step].name) +
                                 " writes this file; refer to it as \"" + writer->reference +
                                 "\", so that the order is clear");
    });
  }

  // What a step makes must be what the next one reads.
  void fit_inputs() {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      Step& step = steps_[i];
      for (const Source& input : step.inputs) {
        if (!input.is_result()) continue;
        const Step& maker = steps_[*input.step];
        if (maker.compares())
          tables_[i].fail(input_key(step), "step " + manifest::quoted(maker.name) +
                                               " compares, and so has no result to read");
        if (step.method != "decode") continue;
        if (maker.codec_method() && !maker.makes_ids())
          tables_[i].fail(input_key(step), "decode reads token ids, but step " +
                                               manifest::quoted(maker.name) + " (" + maker.method +
                                               ") makes none");
        step.format = maker.makes_ids() ? maker.format : Format::json;
      }
      for (const Reference& reference : step.references) {
        const Step& maker = steps_[reference.step];
        if (maker.compares() || maker.codec_method())
          tables_[i].fail("params", "the result of step " + manifest::quoted(maker.name) +
                                        " has no fields: it is not what `call` answers");
      }
    }
  }

  // What a step reads comes first, and so does the step before it of the same instance.
  void order() {
    std::map<std::size_t, std::size_t> last;  // of an instance
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      Step& step = steps_[i];
      const std::vector<std::size_t> read = step.results_read();
      std::set<std::size_t> after(read.begin(), read.end());
      for (const Source& input : step.inputs)
        if (input.step) after.insert(*input.step);
      for (const LentFile& file : step.lent)
        if (file.source.step) after.insert(*file.source.step);
      if (step.instance) {
        if (const auto before = last.find(*step.instance); before != last.end())
          after.insert(before->second);
        last[*step.instance] = i;
      }
      step.after.assign(after.begin(), after.end());
    }
  }

  // Depth first; `trail` are the steps from the first one to this one.
  void visit(std::size_t index, std::vector<std::size_t>& trail,
             std::set<std::size_t>& done) const {
    if (done.contains(index)) return;
    const auto start = std::find(trail.begin(), trail.end(), index);
    if (start != trail.end()) {
      std::string circle;
      for (auto at = start; at != trail.end(); ++at) circle += steps_[*at].name + " needs ";
      const Step& step = steps_[index];
      tables_[index].fail(step.inputs.empty() ? nullptr : input_key(step),
                          "these steps wait for each other: " + circle + step.name);
    }
    trail.push_back(index);
    for (const std::size_t before : steps_[index].after) visit(before, trail, done);
    trail.pop_back();
    done.insert(index);
  }

  void refuse_cycles() const {
    std::set<std::size_t> done;
    std::vector<std::size_t> trail;
    for (std::size_t i = 0; i < steps_.size(); ++i) visit(i, trail, done);
  }

  // Before the first step runs: nobody wants to learn of a typo after an hour.
  void refuse_missing_files() {
    std::error_code error;
    try {
      each_source([&](std::size_t i, const Source& source, const char* key) {
        if (!source.step && !fs::exists(source.path, error))
          tables_[i].fail(key, "there is no file " + manifest::quoted(source.path));
      });
      for (std::size_t i = 0; i < steps_.size(); ++i) {
        refuse_missing_folder(i, "output", steps_[i].output);
        for (const LentFile& file : steps_[i].lent)
          if (file.access == FileAccess::write) refuse_missing_folder(i, "write", file.source.path);
      }
    } catch (const FileError& missing) {
      throw Failure(Exit::not_found, "not_found", missing.what());
    }
  }

  void refuse_missing_folder(std::size_t i, const char* key, const std::string& file) const {
    std::error_code error;
    const fs::path folder = fs::path(file).parent_path();
    if (!folder.empty() && !fs::is_directory(folder, error))
      tables_[i].fail(key, "there is no folder " + manifest::quoted(folder.string()));
  }

  std::vector<Step>& steps_;
  const std::vector<TomlTable>& tables_;
};

}  // namespace

void check_steps(Pipeline& pipeline, const std::vector<TomlTable>& tables) {
  Checks(pipeline, tables).run();
}

}  // namespace bulkhead::cli
