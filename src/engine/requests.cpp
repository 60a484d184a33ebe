#include <stdexcept>
#include <utility>

#include "berth/engine.h"
#include "berth/error.h"
#include "engine/request_fields.h"

namespace berth {

std::string_view to_string(FinishReason reason) {
  return structs::NamesOf<FinishReason>::all.at(static_cast<std::size_t>(reason));
}

std::string_view to_string(EarlyStopping early_stopping) {
  return structs::NamesOf<EarlyStopping>::all.at(static_cast<std::size_t>(early_stopping));
}

std::string_view to_string(Isolation isolation) {
  return structs::NamesOf<Isolation>::all.at(static_cast<std::size_t>(isolation));
}

Value GenerationRequest::to_dict() const { return structs::write(*this); }
GenerationRequest GenerationRequest::from_dict(const Value& dict) { return structs::read<GenerationRequest>(dict, {}); }

Value GenerationResult::to_dict() const { return structs::write(*this); }
GenerationResult GenerationResult::from_dict(const Value& dict) { return structs::read<GenerationResult>(dict, {}); }

Value SessionOptions::to_dict() const { return structs::write(*this); }
SessionOptions SessionOptions::from_dict(const Value& dict) { return structs::read<SessionOptions>(dict, {}); }

std::string LoadedModelInfo::where() const {
  std::string text;
  for (const auto& device : devices) text += (text.empty() ? "" : ", ") + device.str();
  return text;
}

Value LoadRequest::to_dict() const { return structs::write(*this); }
LoadRequest LoadRequest::from_dict(const Value& dict) { return structs::read<LoadRequest>(dict, {}); }

LoadRequest LoadRequest::of(const Plan& plan, std::filesystem::path path) {
  if (plan.outcome != PlanOutcome::fits) throw ModelDoesNotFit(why_not(plan));
  LoadRequest request{
      .model = std::move(path), .device = plan.placement.output, .placement = plan.placement, .context = plan.context};
  for (const auto& use : plan.use) request.keys.set(use.device.str(), use.key);
  return request;
}

}  // namespace berth
