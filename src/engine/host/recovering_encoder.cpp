#include "engine/host/recovering_encoder.h"

#include <fmt/format.h>

#include <algorithm>

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

std::string KnownEncoder::where() const {
  std::set<std::string> devices;
  for (const auto& [tensor, device] : placement) devices.insert(device.str());
  return fmt::format("{}", fmt::join(devices, ", "));
}

RecoveringEncoder::RecoveringEncoder(EncoderRequest request, const LoadContext& context)
    : first_(std::move(request)),
      it_(first_, LoadRequest().max_recoveries, *watch_,
          {[this](const auto& latest, const auto& call) { return load(latest, call); },
           [this](const auto& silent, const auto& call) { return load_elsewhere(silent, call); }}) {
  it_.load(context);
}

RecoveringEncoder::It::Loaded RecoveringEncoder::load(const EncoderRequest& request, const LoadContext& context) const {
  return std::make_shared<HostEncoder>(request, context, watch_);
}

/// By a plan of Berth's own: what was asked for cannot be had.
std::pair<RecoveringEncoder::It::Loaded, EncoderRequest> RecoveringEncoder::load_elsewhere(
    const std::set<std::string>& silent, const LoadContext& context) const {
  const auto left = free_of_reserved([&] {
    return what_is_left(first_.keys, silent, [&](std::string_view what) {
      if (context.log) context.log(LogLevel::warning, what);
    });
  });
  auto placed = place_encoder_anywhere(
      {.model = first_.model.string(), .precision = first_.precision, .configuration = first_.configuration}, left);
  auto request = first_;
  request.device = std::move(placed.device);
  request.keys = std::move(placed.keys);
  auto model = load(request, context);
  return {std::move(model), std::move(request)};
}

EncodeResult RecoveringEncoder::encode(const EncodeRequest& request, const EncodeContext& given) const {
#ifdef BERTH_WITH_LLAMA
  encoder::check_request(request, *this);  // whose numbers of sequences are those of the whole
#endif
  const auto tell = [&](const std::string& what) {
    if (given.log) given.log(LogLevel::warning, what);
  };
  const auto tell_loss = [&](const Recovery& recovery) { tell(recovery.what); };
  for (const auto& what : it_.take_untold()) tell(what);
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
    append(all, it_.outlive([&](const EncoderModel& model) { return model.encode(part, part_context); }, tell_loss,
                            given.stop, given.log));
    from = to;
  } while (from < count);
  return all;
}

Encoding RecoveringEncoder::tokenize(const EncodeInput& input, const Truncation& truncation) const {
  return it_.ask([&](const EncoderModel& model) { return model.tokenize(input, truncation); });
}

std::vector<DeviceUse> RecoveringEncoder::memory() const {
  return it_.ask([](const EncoderModel& model) { return model.memory(); });
}

}  // namespace berth::host
