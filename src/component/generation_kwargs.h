/// From the keyword arguments of Hugging Face's generate() to Berth's options.
#pragma once

#include <optional>

#include "berth/engine.h"
#include "berth/log.h"
#include "berth/value.h"

namespace berth {

struct GenerationKwargs {
  GenerationOptions options;
  bool return_full_text = false;
  std::optional<bool> clean_up_spaces = {};  ///< "clean_up_tokenization_spaces"; absent: as the task does
};

/// Reads `kwargs`; null is the same as absent. Throws std::invalid_argument for a name that is not known or a value of
/// a wrong type, as from_init_parameters(). What has no effect is told to `log`.
GenerationKwargs read_generation_kwargs(const Value::Object& kwargs, const LogCallback& log);

/// A stream has one reply: where more were asked for, `log` is told. Throws std::invalid_argument for beams, as transformers
/// does.
void stream_one_reply(GenerationOptions& options, const LogCallback& log);

}  // namespace berth
