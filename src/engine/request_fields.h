/// What requests to engines are called in JSON.
#pragma once

#include <limits>

#include "berth/engine.h"
#include "inventory/device_key_fields.h"
#include "plan/plan_fields.h"
#include "value/structs.h"

namespace berth::structs {

template <>
struct FieldsOf<Prompt::Piece> {
  static constexpr std::tuple all = {free_text("text", &Prompt::Piece::text),
                                     field("trusted", &Prompt::Piece::trusted)};
};

template <>
struct FieldsOf<Prompt> {
  static constexpr std::tuple all = {required("pieces", &Prompt::pieces)};
};

template <>
struct NamesOf<EarlyStopping> {
  static constexpr std::array<std::string_view, 3> all = {"off", "on", "never"};
};

template <>
struct FieldsOf<GenerationOptions> {
  using O = GenerationOptions;
  static constexpr std::tuple all = {field("max_new_tokens", &O::max_new_tokens),
                                     field("do_sample", &O::do_sample),
                                     field("temperature", &O::temperature),
                                     field("top_k", &O::top_k),
                                     field("top_p", &O::top_p),
                                     field("min_p", &O::min_p),
                                     field("repetition_penalty", &O::repetition_penalty),
                                     field("seed", &O::seed),
                                     field("num_return_sequences", &O::num_return_sequences),
                                     free_text("stop_words", &O::stop_words),
                                     field("num_beams", &O::num_beams),
                                     field("length_penalty", &O::length_penalty, -std::numeric_limits<double>::max()),
                                     field("early_stopping", &O::early_stopping)};
};

template <>
struct FieldsOf<GenerationRequest> {
  static constexpr std::tuple all = {required("prompts", &GenerationRequest::prompts),
                                     field("options", &GenerationRequest::options),
                                     field("begun", &GenerationRequest::begun)};
};

template <>
struct NamesOf<FinishReason> {
  static constexpr std::array<std::string_view, 4> all = {"end_of_text", "stop_word", "length", "cancelled"};
};

template <>
struct FieldsOf<Completion> {
  using C = Completion;
  static constexpr std::tuple all = {free_text("text", &C::text), required("prompt_tokens", &C::prompt_tokens),
                                     required("generated_tokens", &C::generated_tokens),
                                     required("finish_reason", &C::finish_reason), required("seed", &C::seed)};
};

template <>
struct FieldsOf<GenerationResult> {
  using R = GenerationResult;
  static constexpr std::tuple all = {
      required("completions", &R::completions), required("first_token_ms", &R::first_token_ms),
      required("generation_ms", &R::generation_ms), required("tokens_per_second", &R::tokens_per_second),
      field("recoveries", &R::recoveries)};
};

template <>
struct FieldsOf<SessionOptions> {
  static constexpr std::tuple all = {
      field("n_ctx", &SessionOptions::n_ctx), field("n_threads", &SessionOptions::n_threads),
      field("reuse_prefix", &SessionOptions::reuse_prefix), field("reserve", &SessionOptions::reserve)};
};

template <>
struct NamesOf<Isolation> {
  static constexpr std::array<std::string_view, 3> all = {"automatic", "none", "process"};
};

template <>
struct FieldsOf<LoadRequest> {
  static constexpr std::tuple all = {required("model", &LoadRequest::model),
                                     required("device", &LoadRequest::device),
                                     field("placement", &LoadRequest::placement),
                                     field("keys", &LoadRequest::keys),
                                     field("context", &LoadRequest::context),
                                     field("isolation", &LoadRequest::isolation),
                                     field("max_recoveries", &LoadRequest::max_recoveries),
                                     field("patience_s", &LoadRequest::patience_s)};
};

}  // namespace berth::structs
