/// A DeviceMap by Hugging Face's names of modules, applied to tensors.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "berth/device.h"

namespace berth::encoder {

/// The name of a tensor, as a file has it, and whether it belongs to the base model (in BERT what "bert." stands before).
struct TensorName {
  std::string in_file;
  std::string in_model;  ///< without the name of the base model
  bool of_base = false;
};

/// The longest name of the map that a tensor's begins with decides. A name of the base model may stand in the map with or
/// without the base's own name, whichever of the two the file has.
class ModuleMap {
 public:
  /// `base` is "bert". Throws std::invalid_argument for an empty map and for the disk.
  ModuleMap(const ComponentDevice& device, std::string base);

  /// All of them, each once, in the order of the map.
  const std::vector<Device>& devices() const { return devices_; }

  /// The index in devices() of the device of this tensor. Tensors that the map leaves out are kept for check().
  std::size_t device_of(const TensorName& tensor);

  /// To be called once all tensors were asked for; `file_names` are those of all tensors in the file, used or not.
  /// Throws std::invalid_argument where the map leaves a tensor out or names what the model does not have.
  void check(const std::vector<std::string>& file_names) const;

 private:
  struct Entry {
    std::string name;
    std::size_t device;
    bool used = false;
  };
  bool names_something(std::string_view name, const std::vector<std::string>& file_names) const;
  std::vector<std::string> module_names() const;

  std::string base_;
  std::vector<Device> devices_;
  std::vector<Entry> entries_;
  std::vector<TensorName> tensors_;
  std::vector<std::string> left_out_;
};

}  // namespace berth::encoder
