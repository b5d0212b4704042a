#include "sdk/wire/layout.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

namespace bulkhead::wire {
namespace {

using Kind = Field::Kind;

constexpr std::size_t kAlignment = 64;
constexpr std::int32_t kMaxDimensions = 32;

template <class T>
const T& at(const void* base, std::size_t offset) {
  return *reinterpret_cast<const T*>(static_cast<const std::byte*>(base) + offset);
}
template <class T>
T& at(void* base, std::size_t offset) {
  return *reinterpret_cast<T*>(static_cast<std::byte*>(base) + offset);
}

std::size_t size_of(const Field& field) {
  switch (field.kind) {
    case Kind::u32:
    case Kind::i32:
      return 4;
    case Kind::u64:
    case Kind::i64:
    case Kind::f64:
      return 8;
    case Kind::text:
      return sizeof(bh_text);
    case Kind::bytes:
      return sizeof(bh_bytes);
    case Kind::tensor:
      return sizeof(DLTensor);
    case Kind::structure:
      break;
  }
  return field.element().size;
}

// ---- the contract

bool holds(const void* data, std::size_t size, const CallContext* owner) {
  if (size == 0) return true;
  if (data == nullptr) return false;
  return owner == nullptr || owner->owns(data, size);
}

bool compact(const DLTensor& tensor) {
  if (tensor.strides == nullptr) return true;
  std::int64_t stride = 1;
  for (std::int32_t i = tensor.ndim; i-- > 0;) {
    if (tensor.shape[i] > 1 && tensor.strides[i] != stride) return false;
    stride *= tensor.shape[i];
  }
  return true;
}

bool valid_tensor(const DLTensor& tensor, const CallContext* owner) {
  if (tensor.device.device_type != kDLCPU || tensor.ndim < 0 || tensor.ndim > kMaxDimensions ||
      tensor.byte_offset != 0 || tensor.dtype.bits == 0 || tensor.dtype.lanes == 0) {
    return false;
  }
  const std::size_t dimensions = static_cast<std::size_t>(tensor.ndim) * sizeof(std::int64_t);
  if (!holds(tensor.shape, dimensions, owner)) return false;
  if (tensor.strides != nullptr && !holds(tensor.strides, dimensions, owner)) return false;
  const std::size_t bytes = bh_tensor_bytes(&tensor);
  return bytes != SIZE_MAX && compact(tensor) && holds(tensor.data, bytes, owner);
}

bool valid_element(const Field& field, const void* data, const CallContext* owner) {
  switch (field.kind) {
    case Kind::text:
      return holds(at<bh_text>(data, 0).data, at<bh_text>(data, 0).size, owner);
    case Kind::bytes:
      return holds(at<bh_bytes>(data, 0).data, at<bh_bytes>(data, 0).size, owner);
    case Kind::tensor:
      return valid_tensor(at<DLTensor>(data, 0), owner);
    case Kind::structure:
      return valid(field.element(), data, owner);
    default:
      return true;
  }
}

bool flat(Kind kind) { return kind < Kind::text; }

// ---- to a message

capnp::Text::Reader text_reader(const bh_text& text, std::string& copy) {
  copy.assign(text.data == nullptr ? "" : text.data, text.size);
  return {copy.c_str(), copy.size()};
}

capnp::Data::Reader data_reader(const bh_bytes& bytes) { return {bytes.data, bytes.size}; }

void write_tensor(const DLTensor& tensor, capnp::DynamicStruct::Builder to) {
  to.set("code", tensor.dtype.code);
  to.set("bits", tensor.dtype.bits);
  to.set("lanes", tensor.dtype.lanes);
  auto shape = to.init("shape", static_cast<capnp::uint>(tensor.ndim)).as<capnp::DynamicList>();
  for (std::int32_t i = 0; i < tensor.ndim; ++i) {
    shape.set(static_cast<capnp::uint>(i), tensor.shape[i]);
  }
  to.set("data",
         capnp::Data::Reader(static_cast<const kj::byte*>(tensor.data), bh_tensor_bytes(&tensor)));
}

// One value through `set`, a callable for scalars, or through `init`, one for structs.
template <class Set, class Init>
void write_value(const Field& field, const void* data, Set&& set, Init&& init) {
  std::string copy;
  switch (field.kind) {
    case Kind::u32:
      return set(at<std::uint32_t>(data, 0));
    case Kind::i32:
      return set(at<std::int32_t>(data, 0));
    case Kind::u64:
      return set(at<std::uint64_t>(data, 0));
    case Kind::i64:
      return set(at<std::int64_t>(data, 0));
    case Kind::f64:
      return set(at<double>(data, 0));
    case Kind::text:
      return set(text_reader(at<bh_text>(data, 0), copy));
    case Kind::bytes:
      return set(data_reader(at<bh_bytes>(data, 0)));
    case Kind::tensor:
      return write_tensor(at<DLTensor>(data, 0), init());
    case Kind::structure:
      return write(field.element(), data, init());
  }
}

void write_list(const Field& field, const void* data, std::size_t count,
                capnp::DynamicList::Builder to) {
  const std::size_t size = size_of(field);
  for (capnp::uint i = 0; i < count; ++i) {
    write_value(
        field, static_cast<const std::byte*>(data) + i * size,
        [&](const auto& value) { to.set(i, value); },
        [&] { return to[i].as<capnp::DynamicStruct>(); });
  }
}

// ---- from a message

bh_status copy_bytes(const void* from, std::size_t size, Memory& memory, const void*& to) {
  if (size == 0 || memory.borrows()) {
    to = from;
    return BH_OK;
  }
  void* copy = memory.allocate(size);
  if (copy == nullptr) return BH_OUT_OF_MEMORY;
  std::memcpy(copy, from, size);
  to = copy;
  return BH_OK;
}

bh_status read_tensor(capnp::DynamicStruct::Reader from, Memory& memory, DLTensor& tensor) {
  tensor = {};
  tensor.device = {kDLCPU, 0};
  tensor.dtype.code = from.get("code").as<std::uint8_t>();
  tensor.dtype.bits = from.get("bits").as<std::uint8_t>();
  tensor.dtype.lanes = from.get("lanes").as<std::uint16_t>();
  const auto shape = from.get("shape").as<capnp::List<std::int64_t>>();
  const auto data = from.get("data").as<capnp::Data>();
  if (shape.size() > kMaxDimensions || tensor.dtype.bits == 0 || tensor.dtype.lanes == 0) {
    return BH_PROTOCOL_ERROR;
  }
  tensor.ndim = static_cast<std::int32_t>(shape.size());
  if (tensor.ndim > 0) {
    tensor.shape = static_cast<std::int64_t*>(memory.allocate(shape.size() * sizeof(std::int64_t)));
    if (tensor.shape == nullptr) return BH_OUT_OF_MEMORY;
    for (capnp::uint i = 0; i < shape.size(); ++i) tensor.shape[i] = shape[i];
  }
  if (bh_tensor_bytes(&tensor) != data.size()) return BH_PROTOCOL_ERROR;
  const void* bytes = nullptr;
  const bh_status status = copy_bytes(data.begin(), data.size(), memory, bytes);
  tensor.data = const_cast<void*>(bytes);
  return status;
}

bh_status read_value(const Field& field, const capnp::DynamicValue::Reader& from, Memory& memory,
                     void* to) {
  const void* bytes = nullptr;
  switch (field.kind) {
    case Kind::u32:
      at<std::uint32_t>(to, 0) = from.as<std::uint32_t>();
      return BH_OK;
    case Kind::i32:
      at<std::int32_t>(to, 0) = from.as<std::int32_t>();
      return BH_OK;
    case Kind::u64:
      at<std::uint64_t>(to, 0) = from.as<std::uint64_t>();
      return BH_OK;
    case Kind::i64:
      at<std::int64_t>(to, 0) = from.as<std::int64_t>();
      return BH_OK;
    case Kind::f64:
      at<double>(to, 0) = from.as<double>();
      return BH_OK;
    case Kind::text: {
      const auto text = from.as<capnp::Text>();
      const bh_status status = copy_bytes(text.begin(), text.size(), memory, bytes);
      at<bh_text>(to, 0) = {static_cast<const char*>(bytes), status == BH_OK ? text.size() : 0};
      return status;
    }
    case Kind::bytes: {
      const auto data = from.as<capnp::Data>();
      const bh_status status = copy_bytes(data.begin(), data.size(), memory, bytes);
      at<bh_bytes>(to, 0) = {static_cast<const std::uint8_t*>(bytes),
                             status == BH_OK ? data.size() : 0};
      return status;
    }
    case Kind::tensor:
      return read_tensor(from.as<capnp::DynamicStruct>(), memory, at<DLTensor>(to, 0));
    case Kind::structure:
      break;
  }
  return read(field.element(), from.as<capnp::DynamicStruct>(), memory, to);
}

bh_status read_list(const Field& field, capnp::DynamicList::Reader from, Memory& memory, void* to) {
  at<const void*>(to, field.offset) = nullptr;
  at<std::size_t>(to, field.count) = 0;
  if (from.size() == 0) return BH_OK;
  const std::size_t size = size_of(field);
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(size, static_cast<std::size_t>(from.size()), &bytes)) {
    return BH_OUT_OF_MEMORY;
  }
  auto* elements = static_cast<std::byte*>(memory.allocate(bytes));
  if (elements == nullptr) return BH_OUT_OF_MEMORY;
  std::memset(elements, 0, bytes);
  for (capnp::uint i = 0; i < from.size(); ++i) {
    const bh_status status = read_value(field, from[i], memory, elements + i * size);
    if (status != BH_OK) return status;
  }
  at<const void*>(to, field.offset) = elements;
  at<std::size_t>(to, field.count) = from.size();
  return BH_OK;
}

}  // namespace

std::string message_name(const char* c_name) {
  std::string name;
  for (bool raise = false; *c_name != '\0'; ++c_name) {
    if (*c_name == '_') {
      raise = true;
      continue;
    }
    name += raise ? static_cast<char>(*c_name - 'a' + 'A') : *c_name;
    raise = false;
  }
  return name;
}

const Field* handle_field(const Layout& layout) {
  for (const Field& field : layout.fields) {
    if (field.handle) return &field;
  }
  return nullptr;
}

bool valid(const Layout& layout, const void* data, const CallContext* owner) {
  for (const Field& field : layout.fields) {
    if (!field.list) {
      if (!valid_element(field, static_cast<const std::byte*>(data) + field.offset, owner)) {
        return false;
      }
      continue;
    }
    const auto* elements = at<const std::byte*>(data, field.offset);
    const auto count = at<std::size_t>(data, field.count);
    const std::size_t size = size_of(field);
    std::size_t bytes = 0;
    if (count > UINT32_MAX || __builtin_mul_overflow(size, count, &bytes) ||
        !holds(elements, bytes, owner)) {
      return false;
    }
    if (flat(field.kind)) continue;
    for (std::size_t i = 0; i < count; ++i) {
      if (!valid_element(field, elements + i * size, owner)) return false;
    }
  }
  return true;
}

void write(const Layout& layout, const void* from, capnp::DynamicStruct::Builder to) {
  for (const Field& field : layout.fields) {
    const capnp::StructSchema::Field place = to.getSchema().getFieldByName(field.name.c_str());
    if (field.list) {
      const auto count = at<std::size_t>(from, field.count);
      write_list(field, at<const void*>(from, field.offset), count,
                 to.init(place, static_cast<capnp::uint>(count)).as<capnp::DynamicList>());
      continue;
    }
    write_value(
        field, static_cast<const std::byte*>(from) + field.offset,
        [&](const auto& value) { to.set(place, value); },
        [&] { return to.init(place).as<capnp::DynamicStruct>(); });
  }
}

bh_status read(const Layout& layout, capnp::DynamicStruct::Reader from, Memory& memory, void* to) {
  if (layout.sized) at<std::uint32_t>(to, 0) = static_cast<std::uint32_t>(layout.size);
  for (const Field& field : layout.fields) {
    const auto value = from.get(from.getSchema().getFieldByName(field.name.c_str()));
    const bh_status status =
        field.list ? read_list(field, value.as<capnp::DynamicList>(), memory, to)
                   : read_value(field, value, memory, static_cast<std::byte*>(to) + field.offset);
    if (status != BH_OK) return status;
  }
  return BH_OK;
}

void Scratch::Free::operator()(void* memory) const { std::free(memory); }

void* Scratch::allocate(std::size_t size) {
  if (size > left_) return nullptr;
  left_ -= size;
  const std::size_t padded = (size + kAlignment - 1) / kAlignment * kAlignment;
  void* memory = std::aligned_alloc(kAlignment, padded == 0 ? kAlignment : padded);
  if (memory == nullptr) throw std::bad_alloc();
  blocks_.emplace_back(memory);
  return memory;
}

}  // namespace bulkhead::wire
