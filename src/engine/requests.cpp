#include "berth/engine.h"
#include "engine/request_fields.h"

namespace berth {

std::string_view to_string(FinishReason reason) {
  return structs::NamesOf<FinishReason>::all.at(static_cast<std::size_t>(reason));
}

Value GenerationRequest::to_dict() const { return structs::write(*this); }
GenerationRequest GenerationRequest::from_dict(const Value& dict) { return structs::read<GenerationRequest>(dict, {}); }

Value GenerationResult::to_dict() const { return structs::write(*this); }
GenerationResult GenerationResult::from_dict(const Value& dict) { return structs::read<GenerationResult>(dict, {}); }

Value SessionOptions::to_dict() const { return structs::write(*this); }
SessionOptions SessionOptions::from_dict(const Value& dict) { return structs::read<SessionOptions>(dict, {}); }

Value LoadRequest::to_dict() const { return structs::write(*this); }
LoadRequest LoadRequest::from_dict(const Value& dict) { return structs::read<LoadRequest>(dict, {}); }

}  // namespace berth
