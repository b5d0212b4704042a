// The header of a model that nobody vouches for. No bytes may crash or hang its reader, or make it
// throw anything but Malformed; what it accepts covers the file, and the header that is written for
// the output is one that the reader accepts.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <bulkhead/sdk/error.hpp>

#include "plugins/quantize/plan.hpp"
#include "plugins/quantize/safetensors.hpp"

namespace {

using namespace quantize;

// abort() and not assert(): the check holds in a release build too.
void require(bool condition) {
  if (!condition) std::abort();
}

void check_plan(const Header& model) {
  try {
    const Plan plan = make_plan(model);
    const std::uint64_t data = plan.output_bytes - plan.header.size();
    const Header output =
        parse_header(std::string_view(plan.header).substr(kHeaderBegin), data, [] {});
    require(output.data_begin == plan.header.size() && output.data_begin % 8 == 0);
    require(output.tensors.size() == plan.parts.size());
    require(output.metadata.size() == model.metadata.size() + 1);
    for (const Tensor& tensor : output.tensors) require(tensor.begin % tensor.format->bytes == 0);
  } catch (const bulkhead::sdk::PluginError&) {
    // Quantized already, or the name of a scale is taken.
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  try {
    const std::uint64_t json = header_size(file.substr(0, kHeaderBegin), file.size());
    const Header model =
        parse_header(file.substr(kHeaderBegin, json), file.size() - kHeaderBegin - json, [] {});
    std::uint64_t at = 0;
    for (const Tensor& tensor : model.tensors) {
      require(tensor.begin == at && tensor.bytes() == tensor.numbers * tensor.format->bytes);
      at = tensor.end;
      static_cast<void>(shown(tensor.name));
    }
    require(model.data_begin + at == file.size());
    check_plan(model);
  } catch (const Malformed&) {
  }
  return 0;
}
