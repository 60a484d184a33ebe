/// What plans are called in JSON.
#pragma once

#include "berth/plan.h"
#include "plan/plan_fields.h"

namespace berth::structs {

template <>
struct NamesOf<PlanOutcome> {
  static constexpr std::array<std::string_view, 2> all = {"fits", "does_not_fit"};
};

template <>
struct NamesOf<CompanionKind> {
  static constexpr std::array<std::string_view, 3> all = {"projector", "draft", "adapter"};
};

template <>
struct FieldsOf<Shortfall> {
  static constexpr std::tuple all = {required("device", &Shortfall::device), field("pool", &Shortfall::pool),
                                     required("needed_bytes", &Shortfall::needed_bytes),
                                     required("available_bytes", &Shortfall::available_bytes)};
};

template <>
struct FieldsOf<PlanChange> {
  static constexpr std::tuple all = {required("what", &PlanChange::what), field("n_ctx", &PlanChange::n_ctx),
                                     field("cache_type", &PlanChange::cache_type), field("bytes", &PlanChange::bytes),
                                     field("device_type", &PlanChange::device_type)};
};

template <>
struct FieldsOf<Reason> {
  static constexpr std::tuple all = {required("part", &Reason::part), required("text", &Reason::text)};
};

template <>
struct FieldsOf<PredictedSpeed> {
  static constexpr std::tuple all = {required("decode_tokens_per_s", &PredictedSpeed::decode_tokens_per_s),
                                     required("measured", &PredictedSpeed::measured),
                                     field("ran", &PredictedSpeed::ran),
                                     field("limited_by", &PredictedSpeed::limited_by),
                                     field("prompt_tokens_per_s", &PredictedSpeed::prompt_tokens_per_s),
                                     field("prompt_measured", &PredictedSpeed::prompt_measured),
                                     field("full_context_tokens_per_s", &PredictedSpeed::full_context_tokens_per_s)};
};

template <>
struct FieldsOf<PlacedCompanion> {
  static constexpr std::tuple all = {required("kind", &PlacedCompanion::kind), required("path", &PlacedCompanion::path),
                                     field("architecture", &PlacedCompanion::architecture),
                                     field("device", &PlacedCompanion::device)};
};

template <>
struct FieldsOf<Plan> {
  static constexpr std::tuple all = {required("outcome", &Plan::outcome),  required("placement", &Plan::placement),
                                     required("context", &Plan::context),  required("use", &Plan::use),
                                     field("exact", &Plan::exact),         field("companions", &Plan::companions),
                                     field("predicted", &Plan::predicted), field("missing", &Plan::missing),
                                     field("changes", &Plan::changes),     field("reasons", &Plan::reasons)};
};

}  // namespace berth::structs
