#include "sdk/wire/descriptor.hpp"

#include <cstring>

#include "sdk/wire/version.hpp"

namespace bulkhead::wire {
namespace {

constexpr std::size_t kMaxText = 256;
constexpr std::size_t kMaxEntries = 64;

std::string bounded(const char* text) {
  return text == nullptr ? std::string() : std::string(text, strnlen(text, kMaxText));
}

std::vector<std::string> bounded(const char* const* list) {
  std::vector<std::string> texts;
  if (list == nullptr) return texts;
  for (std::size_t i = 0; i < kMaxEntries && list[i] != nullptr; ++i) {
    texts.push_back(bounded(list[i]));
  }
  return texts;
}

void write_list(const std::vector<std::string>& texts, capnp::List<capnp::Text>::Builder list) {
  for (capnp::uint i = 0; i < list.size(); ++i) list.set(i, texts[i].c_str());
}

std::vector<std::string> read_list(capnp::List<capnp::Text>::Reader list) {
  std::vector<std::string> texts;
  for (capnp::uint i = 0; i < list.size() && i < kMaxEntries; ++i) {
    texts.push_back(std::string(list[i].cStr(), std::min<std::size_t>(list[i].size(), kMaxText)));
  }
  return texts;
}

std::string read_text(capnp::Text::Reader text) {
  return std::string(text.cStr(), std::min<std::size_t>(text.size(), kMaxText));
}

std::string abi_text(unsigned major, unsigned minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

}  // namespace

bh_query make_query(std::uint32_t isolation) {
  return {BH_QUERY_MAGIC,
          sizeof(bh_query),
          BH_ABI_VERSION(BH_ABI_MAJOR, 0),
          BH_ABI_VERSION(BH_ABI_MAJOR, BH_ABI_MINOR),
          BH_BUILT_SANITIZERS,
          isolation,
          0,
          {kBuildVersion, std::strlen(kBuildVersion)}};
}

std::optional<std::string> read_facts(const bh_descriptor* descriptor, DescriptorFacts& facts) {
  if (descriptor == nullptr) {
    return "bulkhead_query returned null; it must return a descriptor, also on a version mismatch";
  }
  if (descriptor->magic != BH_DESCRIPTOR_MAGIC) {
    return "what bulkhead_query returned is no Bulkhead descriptor (wrong magic number)";
  }
  constexpr std::size_t kPrefix = offsetof(bh_descriptor, open);
  if (descriptor->struct_size < kPrefix) {
    return "the descriptor is too short: " + std::to_string(descriptor->struct_size) +
           " bytes; its frozen prefix has " + std::to_string(kPrefix);
  }
  facts.abi_major = descriptor->abi_major;
  facts.abi_minor = descriptor->abi_minor;
  facts.min_host_minor = descriptor->min_host_minor;
  facts.sanitizers = descriptor->sanitizers;
  facts.cuda_major = descriptor->cuda_major;
  facts.compiler = bounded(descriptor->compiler);
  facts.id = bounded(descriptor->id);
  facts.version = bounded(descriptor->version);
  facts.interfaces = bounded(descriptor->interfaces);
  facts.services_required = bounded(descriptor->services_required);
  facts.services_optional = bounded(descriptor->services_optional);
  if (facts.abi_major == BH_ABI_MAJOR) {
    if (descriptor->struct_size < sizeof(bh_descriptor)) {
      return "the descriptor is too short for the ABI version " +
             abi_text(facts.abi_major, facts.abi_minor) + " that it names";
    }
    if (descriptor->open == nullptr || descriptor->close == nullptr ||
        descriptor->get_interface == nullptr) {
      return "the descriptor lacks open, close or get_interface";
    }
  }
  return std::nullopt;
}

void write(const DescriptorFacts& facts, core::Descriptor::Builder message) {
  message.setAbiMajor(facts.abi_major);
  message.setAbiMinor(facts.abi_minor);
  message.setMinHostMinor(facts.min_host_minor);
  message.setSanitizers(facts.sanitizers);
  message.setCudaMajor(facts.cuda_major);
  message.setCompiler(facts.compiler.c_str());
  message.setId(facts.id.c_str());
  message.setVersion(facts.version.c_str());
  const auto size = [](const auto& list) { return static_cast<capnp::uint>(list.size()); };
  write_list(facts.interfaces, message.initInterfaces(size(facts.interfaces)));
  write_list(facts.services_required, message.initServicesRequired(size(facts.services_required)));
  write_list(facts.services_optional, message.initServicesOptional(size(facts.services_optional)));
}

DescriptorFacts read(core::Descriptor::Reader message) {
  DescriptorFacts facts;
  facts.abi_major = message.getAbiMajor();
  facts.abi_minor = message.getAbiMinor();
  facts.min_host_minor = message.getMinHostMinor();
  facts.sanitizers = message.getSanitizers();
  facts.cuda_major = message.getCudaMajor();
  facts.compiler = read_text(message.getCompiler());
  facts.id = read_text(message.getId());
  facts.version = read_text(message.getVersion());
  facts.interfaces = read_list(message.getInterfaces());
  facts.services_required = read_list(message.getServicesRequired());
  facts.services_optional = read_list(message.getServicesOptional());
  return facts;
}

std::string sanitizer_names(std::uint32_t sanitizers) {
  std::string names;
  const auto add = [&](std::uint32_t bit, const char* name) {
    if ((sanitizers & bit) == 0) return;
    if (!names.empty()) names += " and ";
    names += name;
  };
  add(BH_SANITIZER_ADDRESS, "AddressSanitizer");
  add(BH_SANITIZER_THREAD, "ThreadSanitizer");
  return names.empty() ? "no sanitizer" : names;
}

std::optional<std::string> mismatch(const DescriptorFacts& facts, std::uint32_t sanitizers) {
  const std::string host = std::string("this host ") + kBuildVersion;
  const std::string host_abi = abi_text(BH_ABI_MAJOR, BH_ABI_MINOR);
  const std::string plugin_abi = abi_text(facts.abi_major, facts.abi_minor);
  if (facts.abi_major < BH_ABI_MAJOR) {
    return "it is too old: it was built for ABI " + plugin_abi + ", " + host + " speaks ABI " +
           abi_text(BH_ABI_MAJOR, 0) + " to " + host_abi +
           ". Rebuild the plugin with the SDK of this host";
  }
  if (facts.abi_major > BH_ABI_MAJOR) {
    return "it is too new: it was built for ABI " + plugin_abi + ", " + host + " speaks ABI " +
           abi_text(BH_ABI_MAJOR, 0) + " to " + host_abi +
           ". Use a newer host or an older version of the plugin";
  }
  if (facts.min_host_minor > BH_ABI_MINOR) {
    return "it is too new: it needs a host with at least ABI " +
           abi_text(facts.abi_major, facts.min_host_minor) + ", " + host + " speaks up to ABI " +
           host_abi + ". Use a newer host or an older version of the plugin";
  }
  if ((facts.sanitizers & ~sanitizers) != 0) {
    return "it was built with " + sanitizer_names(facts.sanitizers) + " (ABI " + plugin_abi +
           "), " + host + " (ABI " + host_abi + ") with " + sanitizer_names(sanitizers) +
           ". Build both with the same sanitizers";
  }
  return std::nullopt;
}

}  // namespace bulkhead::wire
