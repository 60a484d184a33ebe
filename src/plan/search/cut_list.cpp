#include "plan/search/cut_list.h"

#include <algorithm>
#include <map>
#include <string>

namespace berth::plan {
namespace {

constexpr std::size_t most_cells = 20'000'000;  // devices x items
constexpr std::size_t most_steps_of_a_list = 4'000'000;

/// Lists the cuts of one number of layers without their experts.
class Lister {
 public:
  Lister(const CutSearch& search, const MachineView& machine, std::uint64_t spare, double below_s,
         std::size_t expert_layers, std::size_t stride)
      : machine_(machine),
        below_s_(below_s),
        expert_layers_(expert_layers),
        stride_(stride),
        first_start_(search.layers_on_disk()),
        costs_(search.items_of(expert_layers)) {
    bytes_ = {0};
    read_ = {0};
    elsewhere_ = {0};
    for (const auto& item : costs_.items) {
      bytes_.push_back(bytes_.back() + item.bytes);
      read_.push_back(read_.back() + item.read_bytes);
      elsewhere_.push_back(elsewhere_.back() + item.elsewhere_s);
    }
    for (const auto& besides : costs_.besides_s) {
      auto& sums = besides_.emplace_back(1, 0.0);
      for (const double seconds : besides) sums.push_back(sums.back() + seconds);
    }
    price_ = search.price();
    std::map<std::string, std::size_t> pools;
    for (std::size_t place = 0; place <= machine.devices.size(); ++place) {
      const auto& device = device_at(place);
      if (place > 0) quickest_ = std::max(quickest_, device.counted.bytes_per_s);
      room_.push_back(device.room + spare);
      held_.push_back(place == 0 ? 0 : search.besides_layers(device.device));
      const auto pool = machine.pools.find(device.pool);
      const auto [known, is_new] = pools.emplace(device.pool, pool_left_.size());
      if (is_new) pool_left_.push_back((pool == machine.pools.end() ? device.room : pool->second) + spare);
      pool_of_.push_back(known->second);
    }
    mark_finishes();
  }

  /// False where there are more than `most`.
  bool list(std::vector<ListedCut>& cuts, std::size_t most) {
    const auto n = costs_.items.size();
    for (std::size_t start = 0; start <= n; ++start) {
      // Experts that lie with their layers anyway make no other cut.
      const bool is_repeated = expert_layers_ > 0 && start >= expert_layers_;
      if (is_repeated || !is_allowed(start) || start < first_start_) continue;
      const auto host = costs_.host_bytes[start];
      // An output that shares the embeddings is held once where all is on the CPU: that cut is tried in any case.
      const bool all_on_cpu = start == n;
      if (!all_on_cpu && (host > room_[0] || host > pool_left_[pool_of_[0]])) break;
      if (!finishes_[1][start]) continue;
      const auto taken = std::min(host, pool_left_[pool_of_[0]]);
      pool_left_[pool_of_[0]] -= taken;
      loads_ = {{0, host, start, all_on_cpu}};
      const bool complete = extend(1, start, costs_.cpu_s[start], cuts, most);
      pool_left_[pool_of_[0]] += taken;
      if (!complete) return false;
    }
    return true;
  }

 private:
  const PlanDevice& device_at(std::size_t place) const {
    return place == 0 ? machine_.cpu : machine_.devices[place - 1];
  }
  bool is_allowed(std::size_t item) const { return item % stride_ == 0 || item >= costs_.items.size() - 1; }

  /// finishes_[place][i]: whether items from i on fit on the devices from `place` on, each by itself.
  void mark_finishes() {
    const auto n = costs_.items.size();
    const auto places = room_.size();
    finishes_.assign(places + 1, std::vector<char>(n + 1, 0));
    finishes_[places][n] = 1;
    for (std::size_t place = places; place-- > 1;) {
      std::size_t last_good = n + 1;  // the least end of a run that can be finished behind it
      std::vector<std::size_t> next_good(n + 2, n + 1);
      for (std::size_t i = n + 1; i-- > 0;) {
        if (finishes_[place + 1][i] && is_allowed(i)) last_good = i;
        next_good[i] = last_good;
      }
      for (std::size_t i = 0; i <= n; ++i) {
        const auto end = i < n ? next_good[i + 1] : n + 1;
        finishes_[place][i] = finishes_[place + 1][i] || (end <= n && fits(place, i, end));
      }
    }
  }

  /// Were all items from there on where they are read the quickest.
  double least_seconds_from(std::size_t first) const {
    return (read_.back() - read_[first]) / quickest_ + elsewhere_.back() - elsewhere_[first];
  }

  bool fits(std::size_t place, std::size_t first, std::size_t end) const {
    return held_[place] + bytes_[end] - bytes_[first] <= room_[place];
  }

  bool extend(std::size_t place, std::size_t first, double seconds, std::vector<ListedCut>& cuts, std::size_t most) {
    const auto n = costs_.items.size();
    if (first == n) {
      if (!(seconds < below_s_)) return true;
      if (cuts.size() == most) return false;
      Cut cut{.stages = {loads_.front().layers, {}, seconds}, .expert_layers = expert_layers_};
      std::size_t at = cut.stages.start;
      for (std::size_t i = 1; i < loads_.size(); ++i) {
        cut.stages.runs.push_back({loads_[i].place - 1, at, loads_[i].layers});
        at += loads_[i].layers;
      }
      cuts.push_back({std::move(cut), loads_});
      return true;
    }
    if (place == room_.size() || !(seconds + least_seconds_from(first) < below_s_)) return true;
    if (++steps_ > most_steps_of_a_list) return false;
    if (finishes_[place + 1][first] && !extend(place + 1, first, seconds, cuts, most)) return false;
    auto& left = pool_left_[pool_of_[place]];
    const auto& device = device_at(place);
    for (std::size_t end = first + 1; end <= n; ++end) {
      const auto stored = held_[place] + bytes_[end] - bytes_[first];
      if (stored > room_[place] || stored > left) break;
      if (!is_allowed(end) || !finishes_[place + 1][end]) continue;
      left -= stored;
      loads_.push_back({place, stored, end - first, end == n});
      const double more = device.counted.link_s + price_ + (read_[end] - read_[first]) / device.counted.bytes_per_s +
                          elsewhere_[end] - elsewhere_[first] + besides_[place - 1][end] - besides_[place - 1][first];
      const bool complete = extend(place + 1, end, seconds + more, cuts, most);
      loads_.pop_back();
      left += stored;
      if (!complete) return false;
    }
    return true;
  }

  const MachineView& machine_;
  double below_s_;
  double quickest_ = 0;  // bytes a second, of the devices
  std::size_t expert_layers_;
  std::size_t stride_;
  std::size_t first_start_;  // layers before it are on the CPU in any case
  CutItems costs_;
  std::vector<std::uint64_t> bytes_;  // of the first n items
  std::vector<double> read_;
  std::vector<double> elsewhere_;
  std::vector<std::vector<double>> besides_;  // by device
  double price_ = 0;
  std::vector<std::uint64_t> room_;  // by place
  std::vector<std::uint64_t> held_;
  std::vector<std::size_t> pool_of_;
  std::vector<std::uint64_t> pool_left_;
  std::vector<std::vector<char>> finishes_;
  std::vector<Load> loads_;
  std::size_t steps_ = 0;
};

}  // namespace

std::vector<ListedCut> list_cuts(const CutSearch& search, const MachineView& machine, std::uint64_t spare,
                                 std::size_t most, double below_s) {
  std::vector<ListedCut> cuts;
  const auto items = search.items_of(0).items.size();
  if (items * (machine.devices.size() + 1) > most_cells) return cuts;
  for (std::size_t stride = 1; stride <= items; stride *= 2) {
    cuts.clear();
    bool complete = true;
    for (std::size_t n = 0; complete && n <= search.most_expert_layers(); n += stride)
      complete = Lister(search, machine, spare, below_s, n, stride).list(cuts, most);
    if (complete) return cuts;
  }
  return cuts;
}

}  // namespace berth::plan
