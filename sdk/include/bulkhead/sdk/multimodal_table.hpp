// bulkhead/sdk/multimodal_table.hpp: a bulkhead::Multimodal as the C table
// "bulkhead.multimodal/1-draft". Included by multimodal.hpp; authors need nothing from here.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include <bulkhead/sdk/multimodal.hpp>

namespace bulkhead::sdk {

class MultimodalInstance final : public InstanceBase {
 public:
  explicit MultimodalInstance(std::shared_ptr<const Multimodal> plugin)
      : plugin_(std::move(plugin)) {}

  const void* interface(std::string_view name) const noexcept override {
    static constexpr bh_multimodal_v1 kTable = {
        sizeof(bh_multimodal_v1), 0, info, probe, load, nullptr};
    return name == BH_MULTIMODAL_1 ? &kTable : nullptr;
  }

 private:
  static const Multimodal& of(bh_instance* instance) noexcept {
    return *static_cast<MultimodalInstance&>(InstanceBase::of(instance, BH_MULTIMODAL_1)).plugin_;
  }

  // --- what comes in ---
  static std::vector<MediaItem> items_of(const bh_multimodal_load_params& params) {
    std::vector<MediaItem> items;
    items.reserve(params.item_count);
    for (std::size_t i = 0; i < params.item_count; ++i) {
      items.push_back({as_view(params.items[i].bytes), as_view(params.items[i].media_type)});
    }
    return items;
  }

  // for_each_item, but a single item may report progress of its own.
  template <class Body>
  static void each(const Call& call, std::size_t count, unsigned threads, const Body& body) {
    if (count != 1) return for_each_item(call, count, threads, body);
    named(0, [&] { body(call, 0); });
  }
  // Puts the item's index in front of what body() throws.
  template <class Body>
  static void named(std::size_t index, const Body& body) {
    try {
      body();
    } catch (const Cancelled&) {
      throw;
    } catch (const HostError&) {
      throw;
    } catch (const PluginError& cause) {
      throw PluginError(cause.status(), "Item " + std::to_string(index) + ": " + cause.what());
    }
  }

  static std::vector<Probed> probe_all(const Call& call, const Multimodal& plugin,
                                       std::span<const MediaItem> items, unsigned threads) {
    std::vector<Probed> probed(items.size());
    for_each_item(call.for_part(), items.size(), threads, [&](const Call& own, std::size_t i) {
      own.check();
      probed[i] = plugin.probe(own, items[i]);
    });
    return probed;
  }

  // --- sizes ---
  static std::size_t sum(std::size_t a, std::size_t b) {
    if (__builtin_add_overflow(a, b, &a)) throw std::bad_alloc();
    return a;
  }
  static std::size_t bytes_of(const TensorSpec& spec) {
    DLTensor tensor{};
    tensor.dtype = spec.type;
    tensor.ndim = static_cast<std::int32_t>(spec.shape.size());
    tensor.shape = const_cast<std::int64_t*>(spec.shape.data());
    const std::size_t bytes = bh_tensor_bytes(&tensor);
    if (bytes == SIZE_MAX) {
      throw PluginError(BH_OUT_OF_MEMORY,
                        "The tensor \"" + spec.name + "\" is larger than any memory.");
    }
    return bytes;
  }
  // Tensors of one item lie in one block; each begins where a block would.
  static std::size_t room_of(const TensorSpec& spec) {
    return sum(bytes_of(spec), kAlignment - 1) / kAlignment * kAlignment;
  }

  // --- what goes out ---
  static bh_text copy_text(const Call& call, std::string_view text) {
    return as_text(call.copy(text));
  }
  static bh_media_facts facts_of(const Call& call, const Probed& probed) {
    std::size_t bytes = 0;
    for (const TensorSpec& spec : probed.tensors) bytes = sum(bytes, bytes_of(spec));
    return {copy_text(call, probed.media_type),
            probed.width,
            probed.height,
            probed.channels,
            probed.frames,
            probed.sample_rate,
            bytes};
  }
  // The item's tensors, with memory, which is not filled yet.
  static bh_media_tensors make_item(const Call& call, const Probed& probed) {
    std::size_t room = 0;
    for (const TensorSpec& spec : probed.tensors) room = sum(room, room_of(spec));
    auto* memory = static_cast<std::byte*>(call.allocate(room));
    const std::size_t count = probed.tensors.size();
    auto* tensors = call.allocate_array<bh_named_tensor>(count);
    for (std::size_t i = 0; i < count; ++i) {
      const TensorSpec& spec = probed.tensors[i];
      DLTensor tensor{};
      tensor.data = memory;
      tensor.device = {kDLCPU, 0};
      tensor.ndim = static_cast<std::int32_t>(spec.shape.size());
      tensor.dtype = spec.type;
      tensor.shape = call.allocate_array<std::int64_t>(spec.shape.size());
      std::copy(spec.shape.begin(), spec.shape.end(), tensor.shape);
      tensors[i] = {copy_text(call, spec.name), tensor};
      memory += room_of(spec);
    }
    return {facts_of(call, probed), tensors, count};
  }
  static std::vector<TensorMemory> memory_of(const bh_media_tensors& item) {
    std::vector<TensorMemory> memory;
    for (std::size_t i = 0; i < item.tensor_count; ++i) {
      const DLTensor& tensor = item.tensors[i].tensor;
      memory.push_back({tensor.data, bh_tensor_bytes(&tensor)});
    }
    return memory;
  }

  // --- the table ---
  static bh_status info(bh_call* raw, bh_instance* instance, const bh_empty*,
                        bh_multimodal_info_result* result) {
    return guarded(raw, [&] {
      check_struct(result, "bh_multimodal_info_result");
      const Call call(raw);
      const MultimodalFacts facts = of(instance).info();
      auto* formats = call.allocate_array<bh_media_format>(facts.formats.size());
      for (std::size_t i = 0; i < facts.formats.size(); ++i) {
        formats[i] = {copy_text(call, facts.formats[i].media_type),
                      copy_text(call, facts.formats[i].output)};
      }
      result->name = copy_text(call, facts.name);
      result->formats = formats;
      result->format_count = facts.formats.size();
    });
  }

  static bh_status probe(bh_call* raw, bh_instance* instance,
                         const bh_multimodal_load_params* params,
                         bh_multimodal_probe_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_multimodal_load_params");
      check_struct(result, "bh_multimodal_probe_result");
      const Call call(raw);
      const std::vector<MediaItem> items = items_of(*params);
      const auto probed = probe_all(call, of(instance), items, params->threads);
      auto* facts = call.allocate_array<bh_media_facts>(items.size());
      for (std::size_t i = 0; i < items.size(); ++i) {
        named(i, [&] { facts[i] = facts_of(call, probed[i]); });
      }
      result->items = facts;
      result->item_count = items.size();
    });
  }

  static bh_status load(bh_call* raw, bh_instance* instance,
                        const bh_multimodal_load_params* params,
                        bh_multimodal_load_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_multimodal_load_params");
      check_struct(result, "bh_multimodal_load_result");
      const Call call(raw);
      const Multimodal& plugin = of(instance);
      const std::vector<MediaItem> items = items_of(*params);
      const auto probed = probe_all(call, plugin, items, params->threads);
      // All memory first: what is over the limit is refused before any work.
      auto* made = call.allocate_array<bh_media_tensors>(items.size());
      for (std::size_t i = 0; i < items.size(); ++i) {
        named(i, [&] { made[i] = make_item(call, probed[i]); });
      }
      each(call, items.size(), params->threads, [&](const Call& own, std::size_t i) {
        own.check();
        plugin.load(own, items[i], probed[i], memory_of(made[i]));
      });
      result->items = made;
      result->item_count = items.size();
    });
  }

  static constexpr std::size_t kAlignment = 64;

  std::shared_ptr<const Multimodal> plugin_;
};

}  // namespace bulkhead::sdk
