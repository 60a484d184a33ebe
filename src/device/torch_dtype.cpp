#include "device/torch_dtype.h"

#include <algorithm>
#include <array>

namespace berth {
namespace {

struct Alias {
  std::string_view name;
  std::string_view canonical;
};
constexpr std::array aliases = {Alias{"bit", "uint1"},        Alias{"cdouble", "complex128"},
                                Alias{"cfloat", "complex64"}, Alias{"chalf", "complex32"},
                                Alias{"double", "float64"},   Alias{"float", "float32"},
                                Alias{"half", "float16"},     Alias{"int", "int32"},
                                Alias{"long", "int64"},       Alias{"short", "int16"}};

// All of torch 2.
constexpr auto canonical_names = std::to_array<std::string_view>({"bcomplex32",
                                                                  "bfloat16",
                                                                  "bits16",
                                                                  "bits1x8",
                                                                  "bits2x4",
                                                                  "bits4x2",
                                                                  "bits8",
                                                                  "bool",
                                                                  "complex128",
                                                                  "complex32",
                                                                  "complex64",
                                                                  "float16",
                                                                  "float32",
                                                                  "float4_e2m1fn_x2",
                                                                  "float64",
                                                                  "float8_e4m3fn",
                                                                  "float8_e4m3fnuz",
                                                                  "float8_e5m2",
                                                                  "float8_e5m2fnuz",
                                                                  "float8_e8m0fnu",
                                                                  "int1",
                                                                  "int16",
                                                                  "int2",
                                                                  "int3",
                                                                  "int32",
                                                                  "int4",
                                                                  "int5",
                                                                  "int6",
                                                                  "int64",
                                                                  "int7",
                                                                  "int8",
                                                                  "qint32",
                                                                  "qint8",
                                                                  "quint2x4",
                                                                  "quint4x2",
                                                                  "quint8",
                                                                  "uint1",
                                                                  "uint16",
                                                                  "uint2",
                                                                  "uint3",
                                                                  "uint32",
                                                                  "uint4",
                                                                  "uint5",
                                                                  "uint6",
                                                                  "uint64",
                                                                  "uint7",
                                                                  "uint8"});

}  // namespace

std::string_view canonical_torch_dtype(std::string_view name) {
  if (const auto alias = std::ranges::find(aliases, name, &Alias::name); alias != aliases.end())
    return alias->canonical;
  const auto found = std::ranges::find(canonical_names, name);
  return found == canonical_names.end() ? std::string_view{} : *found;
}

}  // namespace berth
