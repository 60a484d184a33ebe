#include "engine/host/failure.h"

#include <new>
#include <stdexcept>

#include "berth/error.h"
#include "berth/value.h"

namespace berth::host {
namespace {

const std::string& text(const Value& value, std::string_view name) {
  const Value* found = value.find(name);
  if (found == nullptr) throw std::invalid_argument("A failure of an engine lacks its " + std::string(name));
  return found->as_string();
}

std::string written(std::string_view type, Value::Object fields) {
  fields.set("type", type);
  return Value(std::move(fields)).to_json();
}

}  // namespace

std::string failure_json() {
  try {
    throw;
  } catch (const FormatError& problem) {
    return written("FormatError", {{"path", problem.path().string()},
                                   {"offset", problem.offset()},
                                   {"found", problem.found()},
                                   {"expected", problem.expected()},
                                   {"message", problem.what()}});
  } catch (const EngineError& problem) {
    return written("EngineError",
                   {{"engine", problem.engine()}, {"device", problem.device()}, {"cause", problem.cause()}});
  } catch (const ModelNotFound& problem) {
    return written("ModelNotFound", {{"message", problem.what()}});
  } catch (const Cancelled& problem) {
    return written("Cancelled", {{"message", problem.what()}});
  } catch (const std::invalid_argument& problem) {
    return written("invalid_argument", {{"message", problem.what()}});
  } catch (const std::bad_alloc&) {
    return written("bad_alloc", {});
  } catch (const std::exception& problem) {
    return written("error", {{"message", problem.what()}});
  }
}

void throw_failure(std::string_view json) {
  const auto value = Value::from_json(json);
  const auto& type = text(value, "type");
  if (type == "EngineError") throw EngineError(text(value, "engine"), text(value, "device"), text(value, "cause"));
  if (type == "bad_alloc") throw std::bad_alloc();
  const auto& message = text(value, "message");
  if (type == "FormatError") {
    const auto* offset = value.find("offset");
    const FormatError at_offset(text(value, "path"),
                                static_cast<std::uint64_t>(offset == nullptr ? 0 : offset->as_int()),
                                text(value, "found"), text(value, "expected"));
    if (at_offset.what() == message) throw at_offset;
    throw FormatError(text(value, "path"), text(value, "found"), text(value, "expected"));
  }
  if (type == "ModelNotFound") throw ModelNotFound(message);
  if (type == "Cancelled") throw Cancelled(message);
  if (type == "invalid_argument") throw std::invalid_argument(message);
  throw std::runtime_error(message);
}

}  // namespace berth::host
