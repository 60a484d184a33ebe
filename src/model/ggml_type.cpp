#include "model/ggml_type.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace berth::model {
namespace {

// By number: enum ggml_type in ggml.h, sizes of the blocks in ggml-common.h, of ggml 0.25.3. Numbers without a name
// were removed from ggml (Q4_2, Q4_3 and the repacked Q4_0 and IQ4_NL, which are made while loading today).
constexpr std::array<GgmlType, 43> types{{
    {"F32", 1, 4},      {"F16", 1, 2},        {"Q4_0", 32, 18},    {"Q4_1", 32, 20},     {"", 0, 0},
    {"", 0, 0},         {"Q5_0", 32, 22},     {"Q5_1", 32, 24},    {"Q8_0", 32, 34},     {"Q8_1", 32, 36},
    {"Q2_K", 256, 84},  {"Q3_K", 256, 110},   {"Q4_K", 256, 144},  {"Q5_K", 256, 176},   {"Q6_K", 256, 210},
    {"Q8_K", 256, 292}, {"IQ2_XXS", 256, 66}, {"IQ2_XS", 256, 74}, {"IQ3_XXS", 256, 98}, {"IQ1_S", 256, 50},
    {"IQ4_NL", 32, 18}, {"IQ3_S", 256, 110},  {"IQ2_S", 256, 82},  {"IQ4_XS", 256, 136}, {"I8", 1, 1},
    {"I16", 1, 2},      {"I32", 1, 4},        {"I64", 1, 8},       {"F64", 1, 8},        {"IQ1_M", 256, 56},
    {"BF16", 1, 2},     {"", 0, 0},           {"", 0, 0},          {"", 0, 0},           {"TQ1_0", 256, 54},
    {"TQ2_0", 256, 66}, {"", 0, 0},           {"", 0, 0},          {"", 0, 0},           {"MXFP4", 32, 17},
    {"NVFP4", 64, 36},  {"Q1_0", 128, 18},    {"Q2_0", 64, 18},
}};

}  // namespace

const GgmlType* ggml_type(std::uint32_t number) {
  if (number >= types.size() || types[number].block_elements == 0) return nullptr;
  return &types[number];
}

const GgmlType* ggml_type(std::string_view name) {
  const auto same = [](char a, char b) { return a == (b >= 'a' && b <= 'z' ? static_cast<char>(b - 'a' + 'A') : b); };
  for (const auto& type : types)
    if (type.block_elements != 0 && std::ranges::equal(type.name, name, same)) return &type;
  return nullptr;
}

}  // namespace berth::model
