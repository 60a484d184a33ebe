/// Models in ONNX, with external data.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "berth/model.h"
#include "model/onnx_tensor.h"

namespace berth::model {

struct OnnxHeader {
  Value::Object
      facts;  ///< ir_version, producer_name, producer_version, domain, model_version, graph, opset, metadata_props
  std::string graph_name;
  std::vector<OnnxTensor> tensors;  ///< in the order of the file; all have names
};

/// Reads the model that `reader` stands before: its initializers, and the tensors of its constants, also those of nested
/// graphs, whose names then begin with node and attribute ("if_3/then_branch/w"). Throws FormatError. Weights are not read.
///
/// The format: onnx.proto of ONNX 1.23.
OnnxHeader read_onnx(ByteReader& reader);

/// The profile of a model and its external data. Throws as read_model.
ModelProfile read_onnx_model(const std::filesystem::path& path);

}  // namespace berth::model
