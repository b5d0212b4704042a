#include <bulkhead/multimodal_client.hpp>

#include <optional>

#include "host/runtime/client.hpp"

namespace bulkhead {
namespace {

using host::sized;
using host::text_of;

// A method's params in the form of the C table; borrows from `items`.
class LoadParams {
 public:
  LoadParams(std::span<const MediaItem> items, unsigned threads)
      : value_(sized<bh_multimodal_load_params>()) {
    list_.reserve(items.size());
    for (const MediaItem& item : items) {
      list_.push_back(
          {{reinterpret_cast<const std::uint8_t*>(item.bytes.data()), item.bytes.size()},
           {item.media_type.data(), item.media_type.size()}});
    }
    value_.threads = threads;
    value_.items = list_.data();
    value_.item_count = list_.size();
  }
  const bh_multimodal_load_params* operator&() const { return &value_; }

 private:
  std::vector<bh_media_item> list_;
  bh_multimodal_load_params value_;
};

MediaFacts take_facts(const bh_media_facts& facts) {
  return {text_of(facts.media_type), facts.width, facts.height, facts.channels, facts.frames,
          facts.sample_rate,         facts.bytes};
}

// A tensor that is handed over: what it shows, and what keeps that alive.
struct Managed {
  explicit Managed(const MediaTensor& from) : tensor(from) {
    managed.dl_tensor = tensor.dlpack();
    managed.manager_ctx = this;
    managed.deleter = [](DLManagedTensor* self) {
      delete static_cast<Managed*>(self->manager_ctx);
    };
  }
  MediaTensor tensor;
  DLManagedTensor managed{};
};

}  // namespace

const void* MediaTensor::elements(DLDataType wanted) const {
  const DLDataType type = tensor_->dtype;
  if (type.code == wanted.code && type.bits == wanted.bits && type.lanes == wanted.lanes) {
    return tensor_->data;
  }
  throw Error(Status::invalid_argument, "the elements of the tensor \"" + name_ +
                                            "\" are not of the type that was asked for: its "
                                            "DLPack type has code " +
                                            std::to_string(type.code) + " and " +
                                            std::to_string(type.bits) + " bits");
}

std::span<const std::uint8_t> MediaTensor::uint8() const {
  return {static_cast<const std::uint8_t*>(elements({kDLUInt, 8, 1})), bytes().size()};
}

std::span<const float> MediaTensor::float32() const {
  return {static_cast<const float*>(elements({kDLFloat, 32, 1})), bytes().size() / sizeof(float)};
}

DLManagedTensor* MediaTensor::to_dlpack() const {
  return &std::make_unique<Managed>(*this).release()->managed;
}

// A call of `load`, with everything that its results live in. The results hold on to it, but not to
// the instance: a cell does not go on because somebody still looks at an image.
struct MultimodalClient::Loading {
  Loading(const Instance& of, const CallOptions& options)
      : instance(of), call(HostAccess::plugin(of), options) {}
  std::optional<Instance> instance;  // until the call is over
  host::Call call;
  bh_multimodal_load_result result = sized<bh_multimodal_load_result>();
};

MultimodalClient::MultimodalClient(Instance instance)
    : instance_(std::move(instance)),
      table_(host::table_of<bh_multimodal_v1>(instance_, BH_MULTIMODAL_1, "multimodal plugin")) {}

MultimodalInfo MultimodalClient::info(const CallOptions& options) const {
  host::Call call(HostAccess::plugin(instance_), options);
  const auto params = sized<bh_empty>();
  auto result = sized<bh_multimodal_info_result>();
  call.check(table_->info(&call, instance_.handle(), &params, &result));
  MultimodalInfo info{text_of(result.name), {}};
  for (std::size_t i = 0; i < result.format_count; ++i) {
    info.formats.push_back(
        {text_of(result.formats[i].media_type), text_of(result.formats[i].output)});
  }
  return info;
}

std::vector<MediaFacts> MultimodalClient::probe(std::span<const MediaItem> items,
                                                const CallOptions& options) const {
  host::Call call(HostAccess::plugin(instance_), options);
  const LoadParams params(items, 1);
  auto result = sized<bh_multimodal_probe_result>();
  call.check(table_->probe(&call, instance_.handle(), &params, &result));
  std::vector<MediaFacts> facts;
  facts.reserve(result.item_count);
  for (std::size_t i = 0; i < result.item_count; ++i) facts.push_back(take_facts(result.items[i]));
  return facts;
}

MediaFacts MultimodalClient::probe(const MediaItem& item, const CallOptions& options) const {
  return std::move(probe(std::span(&item, 1), options).front());
}

std::vector<Media> MultimodalClient::take(const std::shared_ptr<Loading>& loading) {
  loading->instance.reset();
  std::vector<Media> media;
  media.reserve(loading->result.item_count);
  for (std::size_t i = 0; i < loading->result.item_count; ++i) {
    const bh_media_tensors& item = loading->result.items[i];
    Media& made = media.emplace_back();
    made.facts = take_facts(item.facts);
    made.tensors.reserve(item.tensor_count);
    for (std::size_t j = 0; j < item.tensor_count; ++j) {
      made.tensors.push_back(MediaTensor(loading, item.tensors[j]));
    }
  }
  return media;
}

std::vector<Media> MultimodalClient::load(std::span<const MediaItem> items, unsigned threads,
                                          const CallOptions& options) const {
  const auto loading = std::make_shared<Loading>(instance_, options);
  const LoadParams params(items, threads);
  loading->call.check(table_->load(&loading->call, instance_.handle(), &params, &loading->result));
  return take(loading);
}

Media MultimodalClient::load(const MediaItem& item, const CallOptions& options) const {
  return std::move(load(std::span(&item, 1), 1, options).front());
}

std::future<std::vector<Media>> MultimodalClient::load_async(std::span<const MediaItem> items,
                                                             unsigned threads,
                                                             const CallOptions& options) const {
  struct Pending {
    std::shared_ptr<Loading> loading;
    std::promise<std::vector<Media>> promise;

    static void complete(void* user, bh_status status) {
      const std::unique_ptr<Pending> self(static_cast<Pending*>(user));
      try {
        self->loading->call.check(status);
        self->promise.set_value(take(self->loading));
      } catch (...) {
        self->loading.reset();
        self->promise.set_exception(std::current_exception());
      }
    }
  };
  auto pending = std::make_unique<Pending>();
  pending->loading = std::make_shared<Loading>(instance_, options);
  auto future = pending->promise.get_future();
  const LoadParams params(items, threads);
  Loading& loading = *pending->loading;
  const bh_status status =
      table_->submit(&loading.call, instance_.handle(), BH_MULTIMODAL_LOAD, &params,
                     &loading.result, {&Pending::complete, pending.get()});
  if (status == BH_OK) {
    static_cast<void>(pending.release());  // complete() takes it back
  } else {
    pending->loading->call.check(status);
  }
  return future;
}

}  // namespace bulkhead
