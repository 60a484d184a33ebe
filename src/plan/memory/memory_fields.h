/// What the parts of berth/memory.h are called in JSON.
#pragma once

#include "berth/memory.h"
#include "plan/plan_fields.h"

namespace berth::structs {

template <>
struct NamesOf<BufferKind> {
  static constexpr std::array<std::string_view, 4> all = {"weights", "cache", "compute", "output"};
};

template <>
struct FieldsOf<BufferUse> {
  static constexpr std::tuple all = {required("device", &BufferUse::device), required("kind", &BufferUse::kind),
                                     required("bytes", &BufferUse::bytes)};
};

template <>
struct FieldsOf<MemoryUse> {
  static constexpr std::tuple all = {required("buffers", &MemoryUse::buffers), field("estimate", &MemoryUse::estimate)};
};

}  // namespace berth::structs
