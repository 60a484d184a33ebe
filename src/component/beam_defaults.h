/// How a pipeline of transformers searches where `generation_kwargs` say nothing.
#pragma once

#include <filesystem>
#include <string_view>

#include "berth/value.h"

namespace berth {

/// `num_beams`, `length_penalty` and `early_stopping` of a pipeline for `task`, as far as they are no usual ones: four beams for
/// text2text-generation (`_default_generation_config` of the pipelines of transformers 4.57), and behind that what
/// generation_config.json in the folder `model` says, or config.json where there is none; a file has none of them. Throws
/// std::invalid_argument for a value of a wrong type or range in them, FormatError for a file that is no JSON.
Value::Object beam_defaults(std::string_view task, const std::filesystem::path& model);

/// `kwargs` with those of `defaults` that they do not say. Who samples searches no beams, unless the kwargs say so.
Value::Object with_beam_defaults(Value::Object kwargs, const Value::Object& defaults);

}  // namespace berth
