#include "engine/host/host_encoder.h"

#include <chrono>
#include <stdexcept>
#include <utility>

#include "berth/error.h"
#include "engine/host/encode_parts.h"
#include "engine/host/encoder_fields.h"
#include "engine/host/failure.h"
#include "engine/host/load_there.h"
#include "model/is_gguf.h"

namespace berth::host {
namespace {

Subject subject_of(const EncoderRequest& request) {
  return {model::is_gguf(request.model) ? "llama.cpp" : "encoder", request.device.str()};
}

std::chrono::seconds usual_patience() { return std::chrono::seconds(LoadRequest().patience_s); }

}  // namespace

HostEncoder::HostEncoder(const EncoderRequest& request, const LoadContext& context,
                         const std::shared_ptr<WorkerWatch>& watch)
    : process_(subject_of(request), usual_patience(), watch) {
  const auto started = std::chrono::steady_clock::now();
  watch->expect(endpoints_of(request.keys));
  const auto told = load_there(process_, Kind::load_encoder, structs::write(request), request.keys, context);
  const Value* info = told.find("info");
  const Value* placement = told.find("placement");
  if (info == nullptr || placement == nullptr) process_.lose("it told nothing of the model");
  info_ = structs::read<EncoderInfo>(*info, {});
  placement_ = structs::read<OrderedMap<Device>>(*placement, {});
  info_.load_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
}

EncodeResult HostEncoder::encode(const EncodeRequest& request, const EncodeContext& context) const {
  const auto connection = process_.connect();
  process_.send(*connection, Kind::encode, structs::write(request).to_json());
  const std::stop_callback stop(context.stop, [&] { tell_cancel(*connection); });
  bool refused = false;
  EncodeParts parts;
  for (;;) {
    const auto message = process_.receive(*connection, context.stop);
    if (message.kind == Kind::failed) throw_failure(message.body);
    if (message.kind == Kind::chunk) parts.take(message.body);
    if (message.kind == Kind::progress && context.progress && !refused) {
      refused = !context.progress(static_cast<float>(process_.json_of(message).as_double()));
      if (refused) tell_cancel(*connection);
    }
    if (message.kind != Kind::done) continue;
    if (refused || context.stop.stop_requested()) throw Cancelled("The encoding of texts was cancelled");
    return std::move(parts).finish(process_.json_of(message));
  }
}

Encoding HostEncoder::tokenize(const EncodeInput& input, const Truncation& truncation) const {
  if (!info_.has_vocabulary) return EncoderModel::tokenize(input, truncation);
  return tokens_of(process_.ask(
      Kind::tokenize, Value::Object{{"input", input_value(input)}, {"truncation", structs::write(truncation)}}));
}

std::vector<DeviceUse> HostEncoder::memory() const {
  return structs::read<std::vector<DeviceUse>>(process_.ask(Kind::memory, {}), {});
}

std::vector<DeviceUse> encoder_memory_there(const EncoderRequest& request, const EncoderUse& use) {
  const auto watch = std::make_shared<WorkerWatch>();
  HostProcess process(subject_of(request), usual_patience(), watch);
  watch->expect(endpoints_of(request.keys));
  const Value order = Value::Object{
      {"request", structs::write(request)}, {"use", structs::write(use)}, {"simulated", simulated_for(request.keys)}};
  return structs::read<std::vector<DeviceUse>>(process.ask(Kind::encoder_memory, order), {});
}

}  // namespace berth::host
