#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "plan/device_map/accelerate.h"

namespace berth::plan {
namespace {

/// One walk over the modules in their order, which fills one device after the other and never goes back.
class Walk {
 public:
  Walk(const AccelerateModel& model, const std::vector<CountedBudget>& budgets, const DeviceMapRequest& request)
      : model_(model), request_(request), waiting_(model.top()), largest_(largest_layer(model, waiting_)) {
    for (const auto& [device, limit] : budgets)
      if (device != Device::disk()) places_.push_back({.device = device, .limit = limit});
    for (auto& place : places_) place.is_main = is_main(place.device);
    places_.push_back({.device = Device::disk()});
  }

  InferredMap result() {
    while (!waiting_.empty()) step();
    warn_of_buffers();
    tell_of_empty_devices();
    return {request_.clean_result ? cleaned(map_) : map_, warnings_, infos_};
  }

 private:
  struct Place {
    Device device;
    std::optional<Count> limit = {};  // none: the disk
    bool is_main = false;             // keeps room for the largest layer that is still to be placed
    Count used = {};
    Count buffers = {};
    std::optional<Count> needed = {};  // where nothing could be placed
  };

  bool is_main(const Device& device) const {
    const auto is_mps = [](const Place& place) { return place.device == Device::mps(); };
    if (std::ranges::any_of(places_, is_mps)) return device == Device::mps();
    return device == Device::cpu() || device == places_.front().device;
  }

  void step() {
    const Item item = std::move(waiting_.back());
    waiting_.pop_back();
    forget(item.name);
    const auto own = model_.size(item.name);
    const auto outside = tied_outside(model_, item.name);
    auto& place = places_[current_];
    const auto kept = place.is_main ? largest_.size : Count{};
    const auto ties = size_with_ties(model_, item.name, outside, waiting_);
    if (!place.limit || place.used + ties.size <= *place.limit - kept) return put(item, ties);

    const auto limit = *place.limit - kept;
    if (!outside.empty() && place.used + own <= limit && divide_tied(item, ties.names)) return;
    if (place.used + own >= limit && model_.can_be_divided(item)) return divide(item);
    const bool is_empty = place.used == Count{};
    if (is_empty && request_.fallback_allocation && take_fallback(item, *place.limit, ties.size)) return;

    if (is_empty) place.needed = ties.size + kept;
    place.used += kept;
    ++current_;
    waiting_.push_back(item);
    fallbacks_ = 0;
  }

  void measure_largest() {
    auto modules = waiting_;
    std::erase_if(modules, [](const Item& item) { return item.is_tensor; });
    largest_ = largest_layer(model_, std::move(modules));
  }

  /// Takes a name and those below it from the largest layers; once none is left, they are looked for again.
  void forget(std::string_view name) {
    std::erase_if(largest_.names, [&](const std::string& layer) { return is_under(layer, name); });
    if (largest_.names.empty()) measure_largest();
  }

  void put(const Item& item, const TiedSize& ties) {
    auto& place = places_[current_];
    place.used += ties.size;
    map_.set(item.name, place.device);
    for (const auto& name : ties.names) {
      const auto waits = std::ranges::find(waiting_.rbegin(), waiting_.rend(), name, &Item::name);
      if (waits != waiting_.rend()) waiting_.erase(std::next(waits).base());
      map_.set(name, place.device);
    }
    if (!request_.offload_buffers && !item.is_tensor) place.buffers += model_.buffer_size(item);
    fallbacks_ = 0;
  }

  void divide(const Item& item) {
    std::ranges::move(model_.parts(item), std::back_inserter(waiting_));
    measure_largest();
    fallbacks_ = 0;
  }

  /// Divides the first of the modules `names` that can be; the item then has another try.
  bool divide_tied(const Item& item, const std::vector<std::string>& names) {
    for (const auto& name : names) {
      const auto waits = std::ranges::find(waiting_.rbegin(), waiting_.rend(), name, &Item::name);
      if (!model_.can_be_divided(*waits)) continue;
      const auto parts = model_.parts(*waits);
      const auto at = waiting_.erase(std::next(waits).base());
      waiting_.insert(at, parts.begin(), parts.end());
      waiting_.push_back(item);
      measure_largest();
      fallbacks_ = 0;
      return true;
    }
    return false;
  }

  bool take_fallback(const Item& item, Count limit, Count needed) {
    // max() of Python keeps the first of equals, be it an integer or a float.
    const auto room = limit - (needed > largest_.size ? needed : largest_.size) - places_[current_].used;
    auto found = find_fallback(model_, waiting_, room);
    if (!found) return false;
    if (++fallbacks_ > most_fallbacks)
      throw std::invalid_argument(
          "accelerate would never end on this model: it takes one module after another and none fits");
    waiting_ = std::move(found->rest);
    waiting_.push_back(item);
    waiting_.push_back(std::move(found->item));
    return true;
  }

  void warn_of_buffers() {
    Count offloaded;
    bool fits = false;
    bool has_gpu = false;
    for (const auto& place : places_)
      if (place.device == Device::cpu() || place.device == Device::disk()) offloaded += place.buffers;
    for (const auto& place : places_) {
      if (place.device == Device::cpu() || place.device == Device::disk()) continue;
      has_gpu = true;
      fits = fits || *place.limit >= offloaded + place.used;
    }
    if (offloaded > Count{} && has_gpu && !fits)
      warnings_.push_back(
          fmt::format("The buffers of offloaded layers take {} bytes, which no GPU has left; offload_buffers puts them "
                      "beside their "
                      "layers",
                      offloaded.str()));
  }

  void tell_of_empty_devices() {
    for (const auto& place : places_)
      if (place.needed)
        infos_.push_back(fmt::format("Nothing could be placed on {}: it would have needed {} bytes", place.device.str(),
                                     place.needed->str()));
  }

  static constexpr int most_fallbacks = 1000;  // in a row, without a step forward

  const AccelerateModel& model_;
  const DeviceMapRequest& request_;
  std::vector<Item> waiting_;
  LargestLayer largest_;
  std::vector<Place> places_;
  std::size_t current_ = 0;
  int fallbacks_ = 0;
  DeviceMap map_;
  std::vector<std::string> warnings_;
  std::vector<std::string> infos_;
};

}  // namespace

InferredMap infer_device_map(const AccelerateModel& model, const std::vector<CountedBudget>& budgets,
                             const DeviceMapRequest& request) {
  return Walk(model, budgets, request).result();
}

InferredMap accelerate_map(const ModuleGraph& graph, const DeviceMapRequest& request) {
  const AccelerateModel model(graph, request.dtype);
  return infer_device_map(model, counted_budgets(model, request), request);
}

}  // namespace berth::plan
