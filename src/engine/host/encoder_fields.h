/// What is told of encoders between two processes, as JSON.
#pragma once

#include "berth/encoder.h"
#include "engine/request_fields.h"

namespace berth::structs {

template <>
struct NamesOf<Precision> {
  static constexpr std::array<std::string_view, 4> all = {"float32", "float16", "bfloat16", "int8"};
};

template <>
struct NamesOf<EncoderTask> {
  static constexpr std::array<std::string_view, 5> all = {"none", "sequence_classification", "token_classification",
                                                          "question_answering", "masked_lm"};
};

template <>
struct NamesOf<EncoderOutput> {
  static constexpr std::array<std::string_view, 4> all = {"hidden_states", "pooler_output", "embedding", "logits"};
};

template <>
struct NamesOf<TruncationStrategy> {
  static constexpr std::array<std::string_view, 3> all = {"longest_first", "only_first", "only_second"};
};

template <>
struct NamesOf<TokenSide> {
  static constexpr std::array<std::string_view, 2> all = {"left", "right"};
};

template <>
struct FieldsOf<EncoderRequest> {
  using R = EncoderRequest;
  static constexpr std::tuple all = {required("model", &R::model), required("device", &R::device),
                                     required("keys", &R::keys), required("precision", &R::precision),
                                     field("configuration", &R::configuration)};
};

template <>
struct FieldsOf<EncoderUse> {
  static constexpr std::tuple all = {field("outputs", &EncoderUse::outputs),
                                     field("max_tokens", &EncoderUse::max_tokens)};
};

template <>
struct FieldsOf<EncoderInfo> {
  using I = EncoderInfo;
  static constexpr std::tuple all = {required("path", &I::path),
                                     required("transformer", &I::transformer),
                                     required("architecture", &I::architecture),
                                     required("model_class", &I::model_class),
                                     required("task", &I::task),
                                     free_text("labels", &I::labels),
                                     field("label2id", &I::label2id, INT32_MIN),
                                     field("missing_weight", &I::missing_weight),
                                     required("problem_type", &I::problem_type),
                                     required("layers", &I::layers),
                                     required("hidden_size", &I::hidden_size),
                                     required("vocabulary_size", &I::vocabulary_size),
                                     required("token_types", &I::token_types),
                                     required("embedding_size", &I::embedding_size),
                                     required("max_sequence_tokens", &I::max_sequence_tokens),
                                     required("has_pooler", &I::has_pooler),
                                     required("has_vocabulary", &I::has_vocabulary),
                                     required("precision", &I::precision),
                                     required("parameters", &I::parameters),
                                     required("weight_bytes", &I::weight_bytes),
                                     required("max_position_embeddings", &I::max_position_embeddings)};
};

template <>
struct FieldsOf<EncodeRequest> {
  using R = EncodeRequest;
  static constexpr std::tuple all = {required("token_ids", &R::token_ids, INT32_MIN),
                                     field("token_type_ids", &R::token_type_ids, INT32_MIN),
                                     field("prompt_tokens", &R::prompt_tokens), required("outputs", &R::outputs)};
};

template <>
struct FieldsOf<Truncation> {
  using T = Truncation;
  static constexpr std::tuple all = {field("max_length", &T::max_length), field("strategy", &T::strategy),
                                     field("stride", &T::stride), field("side", &T::side)};
};

}  // namespace berth::structs
