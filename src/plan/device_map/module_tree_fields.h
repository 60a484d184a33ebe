/// What module trees are called in JSON.
#pragma once

#include "berth/module_tree.h"
#include "value/structs.h"

namespace berth::structs {

template <>
struct NamesOf<TensorKind> {
  static constexpr std::array<std::string_view, 2> all = {"parameter", "buffer"};
};

template <>
struct FieldsOf<ModuleInfo> {
  static constexpr std::tuple all = {required("path", &ModuleInfo::path), field("class", &ModuleInfo::class_name),
                                     field("no_split", &ModuleInfo::no_split), field("same_as", &ModuleInfo::same_as)};
};

template <>
struct FieldsOf<ModuleTensor> {
  static constexpr std::tuple all = {
      required("name", &ModuleTensor::name),     required("shape", &ModuleTensor::shape),
      required("dtype", &ModuleTensor::dtype),   required("bytes", &ModuleTensor::bytes),
      required("kind", &ModuleTensor::kind),     field("persistent", &ModuleTensor::persistent),
      field("alias_of", &ModuleTensor::alias_of)};
};

template <>
struct FieldsOf<ModuleTree> {
  static constexpr std::tuple all = {required("modules", &ModuleTree::modules),
                                     required("tensors", &ModuleTree::tensors), field("tied", &ModuleTree::tied)};
};

}  // namespace berth::structs
