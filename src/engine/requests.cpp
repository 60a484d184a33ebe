#include "berth/engine.h"
#include "engine/request_fields.h"

namespace berth {

Value GenerationRequest::to_dict() const { return structs::write(*this); }
GenerationRequest GenerationRequest::from_dict(const Value& dict) { return structs::read<GenerationRequest>(dict, {}); }

Value SessionOptions::to_dict() const { return structs::write(*this); }
SessionOptions SessionOptions::from_dict(const Value& dict) { return structs::read<SessionOptions>(dict, {}); }

Value LoadRequest::to_dict() const { return structs::write(*this); }
LoadRequest LoadRequest::from_dict(const Value& dict) { return structs::read<LoadRequest>(dict, {}); }

}  // namespace berth
