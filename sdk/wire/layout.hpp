// What the structs of an interface look like, as data: one piece of code then carries every struct
// of every interface between C memory and messages, and holds it against the contract.
//
// An interface's file describes each struct once:
//
//   template <>
//   const Layout& layout<bh_media_item>() {
//     static const Layout self = describe<bh_media_item>({
//         BULKHEAD_FIELD(bh_media_item, bytes), BULKHEAD_FIELD(bh_media_item, media_type)});
//     return self;
//   }
//
// The field `media_type` of C is `mediaType` of the message. Not described: struct_size, reserved,
// and the counts of lists.
#pragma once

#include <capnp/dynamic.h>
#include <bulkhead/abi/call.h>
#include <bulkhead/abi/tensor.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "sdk/wire/call_context.hpp"

namespace bulkhead::wire {

struct Layout;
template <class Struct>
const Layout& layout();
template <>
const Layout& layout<bh_empty>();
template <>
const Layout& layout<bh_config_entry>();

struct Field {
  enum class Kind : std::uint8_t { u32, i32, u64, i64, f64, text, bytes, tensor, structure };
  std::string name;  // of the message
  Kind kind;
  std::size_t offset;
  bool list = false;  // a pointer to elements and, at `count`, their number as size_t
  std::size_t count = 0;
  const Layout& (*element)() = nullptr;  // of a structure
  bool handle = false;                   // a u64 that carries the run of the plugin (channel.hpp)
};

struct Layout {
  std::size_t size = 0;
  bool sized = false;  // begins with struct_size
  std::vector<Field> fields;
};

// Whether the struct, and everything it points to, is what the contract allows. A result of a
// plugin (`owner` not null): all memory belongs to that call. Params: a list that has elements has
// memory. Tensors are compact, in CPU memory.
bool valid(const Layout& layout, const void* data, const CallContext* owner);

// Where the lists of a struct that is read from a message live.
class Memory {
 public:
  virtual ~Memory() = default;
  // Aligned to 64; null: the limit is reached.
  virtual void* allocate(std::size_t size) = 0;
  // Text and bytes may point into the message, which outlives them.
  virtual bool borrows() const { return false; }
};

// Params on the plugin's side: they live as long as this and their message.
class Scratch final : public Memory {
 public:
  static constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
  explicit Scratch(std::uint64_t limit = kUnlimited) : left_(limit) {}
  void* allocate(std::size_t size) override;
  bool borrows() const override { return true; }

 private:
  struct Free {
    void operator()(void* memory) const;
  };
  std::uint64_t left_;
  std::vector<std::unique_ptr<void, Free>> blocks_;
};

// Results on the caller's side: memory of the call.
class ResultMemory final : public Memory {
 public:
  explicit ResultMemory(CallContext& context) : context_(context) {}
  void* allocate(std::size_t size) override { return context_.allocate(size); }

 private:
  CallContext& context_;
};

// To a message. The struct is valid().
void write(const Layout& layout, const void* from, capnp::DynamicStruct::Builder to);
// From a message. Errors: BH_OUT_OF_MEMORY; BH_PROTOCOL_ERROR for a tensor whose bytes don't fit
// its shape.
bh_status read(const Layout& layout, capnp::DynamicStruct::Reader from, Memory& memory, void* to);

// The field of the layout that is a handle, or null.
const Field* handle_field(const Layout& layout);

// ---- describing

std::string message_name(const char* c_name);  // "media_type" to "mediaType"

template <class T>
Field field_of(const char* name, std::size_t offset) {
  using Kind = Field::Kind;
  Field field{message_name(name), Kind::u32, offset};
  if constexpr (std::is_same_v<T, std::uint32_t>) {
    field.kind = Kind::u32;
  } else if constexpr (std::is_same_v<T, std::int32_t>) {
    field.kind = Kind::i32;
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    field.kind = Kind::u64;
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    field.kind = Kind::i64;
  } else if constexpr (std::is_same_v<T, double>) {
    field.kind = Kind::f64;
  } else if constexpr (std::is_same_v<T, bh_text>) {
    field.kind = Kind::text;
  } else if constexpr (std::is_same_v<T, bh_bytes>) {
    field.kind = Kind::bytes;
  } else if constexpr (std::is_same_v<T, DLTensor>) {
    field.kind = Kind::tensor;
  } else {
    field.kind = Kind::structure;
    field.element = layout<T>;
  }
  return field;
}

template <class Pointer>
Field list_of(const char* name, std::size_t offset, std::size_t count) {
  using Element = std::remove_const_t<std::remove_pointer_t<Pointer>>;
  Field field = field_of<Element>(name, offset);
  field.list = true;
  field.count = count;
  return field;
}

inline Field as_handle(Field field) {
  field.handle = true;
  return field;
}

template <class Struct>
Layout describe(std::vector<Field> fields) {
  return {sizeof(Struct), requires(Struct s){s.struct_size;
}
, std::move(fields)
};  // namespace bulkhead::wire
}

#define BULKHEAD_FIELD(type, member)                                                               \
  ::bulkhead::wire::field_of<decltype(type::member)>(#member, offsetof(type, member))
#define BULKHEAD_LIST(type, member, count)                                                         \
  ::bulkhead::wire::list_of<decltype(type::member)>(#member, offsetof(type, member),               \
                                                    offsetof(type, count))

}  // namespace bulkhead::wire
