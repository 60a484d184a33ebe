#include "engine/host/recovering_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "engine/encode_result.h"
#include "engine/host/what_is_left.h"
#include "engine/place_encoder.h"
#include "engine/plan_here.h"
#ifdef BERTH_WITH_LLAMA
#include "engine/encoder/check_request.h"
#endif

namespace berth::host {
namespace {

/// Of one message, and computed again at a loss.
constexpr std::size_t tokens_at_once = 1 << 18;

int most_recoveries() { return LoadRequest().max_recoveries; }

/// "cpu, cuda:0"
std::string where(const OrderedMap<Device>& placement) {
  std::set<std::string> devices;
  for (const auto& [tensor, device] : placement) devices.insert(device.str());
  return fmt::format("{}", fmt::join(devices, ", "));
}

template <class T>
std::vector<T> slice(const std::vector<T>& all, std::size_t from, std::size_t to) {
  if (all.empty()) return {};
  return {all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(to)};
}

/// The sequences from `from` on that are computed at once.
EncodeRequest part_at(const EncodeRequest& request, std::size_t from) {
  std::size_t to = from;
  for (std::size_t tokens = 0; to < request.token_ids.size() && tokens < tokens_at_once; ++to)
    tokens += request.token_ids[to].size();
  return {.token_ids = slice(request.token_ids, from, to),
          .token_type_ids = slice(request.token_type_ids, from, to),
          .prompt_tokens = slice(request.prompt_tokens, from, to),
          .outputs = request.outputs};
}

}  // namespace

RecoveringEncoder::RecoveringEncoder(EncoderRequest request, const LoadContext& context)
    : first_(std::move(request)), latest_(first_) {
  load_or_recover(
      *watch_, first_.keys, most_recoveries(),
      [&] { set_current(std::make_shared<HostEncoder>(first_, context, watch_)); },
      [&](const EngineLost& problem) {
        const auto what = recover(nullptr, problem, context.stop, context.log).what;
        if (context.log) context.log(LogLevel::warning, what);
      });
}

const EncoderInfo& RecoveringEncoder::info() const {
  const std::lock_guard lock(mutex_);
  return known_.back().first;
}

const OrderedMap<Device>& RecoveringEncoder::placement() const {
  const std::lock_guard lock(mutex_);
  return known_.back().second;
}

RecoveringEncoder::Loaded RecoveringEncoder::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void RecoveringEncoder::set_current(Loaded model) const {
  const std::lock_guard lock(mutex_);
  known_.emplace_back(model->info(), model->placement());
  current_ = std::move(model);
}

/// By a plan of Berth's own: what was asked for cannot be had.
RecoveringEncoder::Loaded RecoveringEncoder::load_elsewhere(const std::set<std::string>& silent,
                                                            const LoadContext& context) const {
  const auto left = free_of_reserved([&] {
    return what_is_left(first_.keys, silent, [&](std::string_view what) {
      if (context.log) context.log(LogLevel::warning, what);
    });
  });
  auto placed = place_encoder(
      {.model = first_.model.string(), .precision = first_.precision, .configuration = first_.configuration},
      MapStrategy::optimal, {}, std::nullopt, left);
  auto request = first_;
  request.device = std::move(placed.device);
  request.keys = std::move(placed.keys);
  auto model = std::make_shared<const HostEncoder>(request, context, watch_);
  latest_ = std::move(request);
  return model;
}

Recovery RecoveringEncoder::recover(const Loaded& lost, const EngineLost& why, const std::stop_token& stop,
                                    const LogCallback& log) const {
  const std::lock_guard one_at_a_time(recovering_);
  if (current() != lost) return {last_recovery_, false};
  const LoadContext context{.stop = stop, .log = log};
  const WaysOn ways{.again = [&] { set_current(std::make_shared<HostEncoder>(latest_, context, watch_)); },
                    .elsewhere = [&](const auto& silent) { set_current(load_elsewhere(silent, context)); }};
  const auto what = host::recover(*watch_, latest_.keys, why, most_recoveries(), ways);
  last_recovery_ = fmt::format("{}; going on on {}", what, where(placement()));
  return {last_recovery_, true};
}

template <class Work, class TellLoss>
auto RecoveringEncoder::outlive(Work work, const std::stop_token& stop, const LogCallback& log,
                                const TellLoss& tell) const {
  for (int tries = 1;; ++tries) {
    const auto model = current();
    try {
      return work(*model);
    } catch (const EngineLost& problem) {
      if (stop.stop_requested()) throw Cancelled("The encoding of texts was cancelled");
      if (tries > most_recoveries()) throw;
      tell(recover(model, problem, stop, log));
    }
  }
}

template <class Work>
auto RecoveringEncoder::ask(Work work) const {
  return outlive(work, {}, {}, [&](Recovery&& recovery) {
    if (recovery.is_new) untold_.add(std::move(recovery.what));
  });
}

EncodeResult RecoveringEncoder::encode(const EncodeRequest& request, const EncodeContext& given) const {
#ifdef BERTH_WITH_LLAMA
  encoder::check_request(request, *this);  // whose numbers of sequences are those of the whole
#endif
  const auto tell = [&](const std::string& what) {
    if (given.log) given.log(LogLevel::warning, what);
  };
  const auto tell_loss = [&](const Recovery& recovery) { tell(recovery.what); };
  for (const auto& what : untold_.take()) tell(what);
  float told = 0;
  EncodeContext context{.stop = given.stop, .progress = {}, .log = given.log};
  if (given.progress)
    context.progress = [&](float done) {  // never less than before a loss
      return given.progress(told = std::max(told, done));
    };
  const auto count = request.token_ids.size();
  const auto share = [count](std::size_t sequences) {
    return sequences == count ? 1.0F : static_cast<float>(sequences) / static_cast<float>(count);
  };
  EncodeResult all;
  std::size_t from = 0;
  do {
    const auto part = part_at(request, from);
    const auto to = from + part.token_ids.size();
    const auto part_context = part_of(context, share(from), share(to));
    append(all, outlive([&](const HostEncoder& model) { return model.encode(part, part_context); }, given.stop,
                        given.log, tell_loss));
    from = to;
  } while (from < count);
  return all;
}

Encoding RecoveringEncoder::tokenize(const EncodeInput& input, const Truncation& truncation) const {
  return ask([&](const HostEncoder& model) { return model.tokenize(input, truncation); });
}

std::vector<DeviceUse> RecoveringEncoder::memory() const {
  return ask([](const HostEncoder& model) { return model.memory(); });
}

}  // namespace berth::host
