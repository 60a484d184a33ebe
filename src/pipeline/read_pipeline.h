/// Reads serialized pipelines, with all their mistakes at once.
#pragma once

#include <string>
#include <vector>

#include "berth/pipeline.h"
#include "berth/value.h"

namespace berth {

/// Something wrong in a serialized pipeline, and the names (and indices, as text) that lead to it.
struct PipelineMistake {
  std::vector<std::string> path;
  std::string message;
};

struct PipelineReading {
  Pipeline pipeline;  ///< what could be read; nothing to run where there are mistakes
  std::vector<PipelineMistake> mistakes;
  std::vector<std::string> notes;  ///< what is left out of account
};

/// Mistakes that follow from others, such as connections of a component that could not be made, are not among them.
PipelineReading read_pipeline(const Value& data);

}  // namespace berth
