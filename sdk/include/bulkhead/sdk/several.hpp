// bulkhead/sdk/several.hpp: write one plugin that offers several interfaces, of one object.
//
//   class Words : public bulkhead::Several<bulkhead::Codec, bulkhead::Stateful> {
//    public:
//     Encoded encode(...) const override { ... }            // of Codec
//     SavedState save(const Call& call) const override;     // of Stateful
//   };
//   BULKHEAD_PLUGIN(Words);
//
// The manifest names all of them: offers = ["bulkhead.codec/1", "bulkhead.state/1"]. What each base
// class promises about threads holds; the interfaces may be called at the same time, so what one
// changes and another reads needs a lock, but where an interface says that no other call is in
// flight (bulkhead.state/1). Two kinds that have a function of the same name with another result
// (`info`) can't be one object.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

#include <bulkhead/sdk/plugin.hpp>

namespace bulkhead::sdk {

// The instances of the kinds, for one author object that they share. For BULKHEAD_PLUGIN.
template <class... Kinds>
class SeveralInstance final : public InstanceBase {
 public:
  template <class Author>
  explicit SeveralInstance(std::unique_ptr<Author> author)
      : SeveralInstance(std::shared_ptr<Author>(std::move(author))) {}

  const void* interface(std::string_view name) const noexcept override {
    const void* found = nullptr;
    std::apply(
        [&](const auto&... part) {
          ((found = found != nullptr ? found : part.interface(name)), ...);
        },
        parts_);
    return found;
  }

 private:
  template <class Author>
  explicit SeveralInstance(const std::shared_ptr<Author>& author)
      : parts_(std::shared_ptr<Kinds>(author)...) {}

  InstanceBase& part(std::string_view name) noexcept override {
    InstanceBase* found = this;
    std::apply(
        [&](auto&... part) {
          ((part.interface(name) != nullptr ? void(found = &part) : void()), ...);
        },
        parts_);
    return *found;
  }

  std::tuple<typename Kinds::Instance...> parts_;
};

template <class... Kinds>
class Several : public Kinds... {
 public:
  using Call = sdk::Call;
  using Open = sdk::Open;
  using PluginError = sdk::PluginError;
  using Instance = SeveralInstance<Kinds...>;

 private:
  static constexpr std::size_t count(const char* const* names) {
    std::size_t count = 0;
    while (names[count] != nullptr) ++count;
    return count;
  }
  static constexpr auto all_interfaces() {
    std::array<const char*, (count(Kinds::kInterfaces) + ...) + 1> all{};
    std::size_t next = 0;
    for (const char* const* names : {static_cast<const char* const*>(Kinds::kInterfaces)...})
      while (*names != nullptr) all[next++] = *names++;
    return all;  // the last one is null
  }
  static constexpr auto kAll = all_interfaces();

 public:
  static constexpr const char* const* kInterfaces = kAll.data();
};

}  // namespace bulkhead::sdk

namespace bulkhead {
template <class... Kinds>
using Several = sdk::Several<Kinds...>;
}
