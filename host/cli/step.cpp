// What a step says of itself.
#include <algorithm>

#include "failure.hpp"
#include "pipeline.hpp"
#include "registry/manifest/words.hpp"
#include "session.hpp"

namespace bulkhead::cli {
namespace {

const std::vector<std::string> kCodecMethods = {"encode", "decode", "tokenize", "count"};

// A hint ends its sentence with a question mark; without one there is a full stop.
std::string ending(const std::string& hint) { return hint.empty() ? "." : hint; }

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

const std::string* Step::written_path(const std::string& lent_name) const {
  for (const LentFile& file : lent)
    if (file.access == FileAccess::write && file.name == lent_name) return &file.source.path;
  return nullptr;
}

std::vector<std::size_t> Step::results_read() const {
  std::vector<std::size_t> steps;
  for (const Source& input : inputs)
    if (input.is_result()) steps.push_back(*input.step);
  for (const Reference& reference : references) steps.push_back(reference.step);
  return steps;
}

bool Step::codec_method() const {
  return std::find(kCodecMethods.begin(), kCodecMethods.end(), method) != kCodecMethods.end();
}

}  // namespace bulkhead::cli
