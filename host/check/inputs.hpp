// Inputs that nobody wrote: by the schema of a method, and by what an interface is about.
#pragma once

#include <capnp/schema.h>

#include <random>
#include <span>

#include "host/check/subject.hpp"
#include "sdk/wire/interfaces.hpp"

namespace bulkhead::check {

// Params of a method as JSON, each field at random with a liking for the edges: 0, 1, the largest
// number, empty and long texts, bytes that are no UTF-8. The same for the same state of `random`.
json random_params(capnp::StructSchema schema, std::mt19937_64& random);

// {"base64": "..."}: any bytes, as Instance::call_json takes them.
json bytes_json(std::string_view bytes);

// A picture of 2 x 2 pixels, and 4 samples of sound.
std::string small_png();
std::string small_wav();
// Ordinary texts in several scripts, the empty one first.
std::span<const std::string_view> sample_texts();

// The calls that must succeed: those of check/check.toml, then those that can be made up for the
// interfaces of the plugin. What a method takes that only its author knows is not among them.
const std::vector<PlannedCall>& planned_calls(Subject& subject);
// Calls that must be refused by the plugin, with words; ASCII only.
std::vector<PlannedCall> refused_calls(Subject& subject);
// The interfaces of the plugin that this build knows. Throws Skip where there is none.
std::vector<const wire::InterfaceInfo*> known_interfaces(const Subject& subject);
// Has no handle in its params or results: these are the host's own numbers.
bool repeatable(const PlannedCall& call);
// May be called at will: it neither costs money nor leaves anything behind.
bool harmless(const wire::InterfaceInfo& interface, std::string_view method);

}  // namespace bulkhead::check
