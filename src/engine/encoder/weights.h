/// The weights of a model: declared by the architecture with their shapes, then loaded to their devices.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "berth/encoder.h"
#include "berth/model.h"
#include "engine/encoder/handles.h"
#include "engine/encoder/mapped_file.h"
#include "engine/encoder/module_map.h"

namespace berth::encoder {

/// y = weight x + bias; `bias` may be nullptr.
struct Linear {
  ggml_tensor* weight = nullptr;  ///< [in, out]
  ggml_tensor* bias = nullptr;    ///< [out]
};

/// A layer norm; `weight` is nullptr where the layer has none at all, `bias` may be.
struct Norm {
  ggml_tensor* weight = nullptr;
  ggml_tensor* bias = nullptr;
  float eps = 0;
};

enum class Bias { yes, no };

/// What matrices are held as. Rows of Q8_0 are whole blocks of 32 numbers; a matrix with others is held in float32.
struct MatrixTypes {
  ggml_type products = GGML_TYPE_F32;
  ggml_type tables = GGML_TYPE_F32;  ///< from which rows are looked up
};

class Weights;

/// The tensors below one name, such as "encoder.layer.3". All functions throw FormatError where the file does not hold the
/// tensor, or in another shape or type. Sizes are in ggml's order, the contiguous one first.
class Module {
 public:
  Module(Weights& weights, std::string path, bool of_base)
      : weights_(&weights), path_(std::move(path)), of_base_(of_base) {}

  Module operator/(std::string_view name) const;
  bool has(std::string_view name) const;  ///< a tensor below this module

  Linear linear(std::string_view name, std::int64_t in, std::int64_t out, Bias bias = Bias::yes) const;
  Norm norm(std::string_view name, std::int64_t width, float eps, Bias bias = Bias::yes) const;
  ggml_tensor* table(std::string_view name, std::int64_t width,
                     std::int64_t rows) const;  ///< in the precision asked for
  ggml_tensor* matrix(std::string_view name, const std::vector<std::int64_t>& shape) const;
  ggml_tensor* vector(std::string_view name, std::int64_t width) const;  ///< always float32
  /// Of two dimensions and always float32.
  ggml_tensor* exact(std::string_view name, std::int64_t width, std::int64_t rows) const;
  /// The second size of a matrix in the file: how many labels a classifier has.
  std::int64_t rows_of(std::string_view name) const;

 private:
  std::string full(std::string_view name) const;

  Weights* weights_;
  std::string path_;
  bool of_base_;
};

class Weights {
 public:
  /// `devices` are those of `map`, in its order; `base` is "bert".
  Weights(std::shared_ptr<const ModelProfile> profile, ModuleMap map, std::vector<ggml_backend_dev_t> devices,
          MatrixTypes types, std::string base);

  Module base() { return {*this, "", true}; }  ///< the base model, whether or not its name stands in the file
  Module root() { return {*this, "", false}; }

  bool has(std::string_view name, bool of_base) const { return find(name, of_base) != nullptr; }
  /// A tensor that is to be loaded as `type`; the same one for the same name.
  ggml_tensor* declare(const std::string& name, bool of_base, const std::vector<std::int64_t>& shape, ggml_type type);
  const TensorInfo& info(std::string_view name, bool of_base) const;
  const MatrixTypes& types() const { return types_; }

  /// Everything that was declared. `progress` is told the part done; where it answers false, Cancelled is thrown.
  void load(const std::function<bool(float)>& progress);
  /// Instead of load(): tensors get their devices but no memory, for a graph that is only measured.
  void place_without_data();

  const OrderedMap<Device>& placement() const { return placement_; }
  std::uint64_t bytes_on(std::size_t device) const { return bytes_[device]; }
  /// Of those, what is mapped from the file; always on the CPU.
  std::uint64_t mapped_bytes() const;
  std::uint64_t parameters() const { return parameters_; }

 private:
  struct Declared {
    ggml_tensor* tensor;
    const TensorInfo* info;
    std::size_t device;
    bool mapped;
  };

  std::string name_in_file(std::string_view name, bool of_base) const;
  const TensorInfo* find(std::string_view name, bool of_base) const;
  void allocate();
  void fill(const Declared& each) const;
  [[noreturn]] void refuse(const TensorInfo& tensor, std::string found, std::string expected) const;

  std::shared_ptr<const ModelProfile> profile_;
  ModuleMap map_;
  std::vector<ggml_backend_dev_t> devices_;
  MatrixTypes types_;
  std::string prefix_;  // "bert." where the file has it
  std::vector<std::filesystem::path> paths_;
  std::vector<MappedFile> files_;
  std::unordered_map<std::string_view, const TensorInfo*> by_name_;
  std::vector<BufferHandle> buffers_;
  ContextHandle mapped_context_;
  std::vector<ContextHandle> copied_contexts_;  // of each device
  std::vector<Declared> declared_;
  std::unordered_map<std::string, ggml_tensor*> tensors_;
  OrderedMap<Device> placement_;
  std::vector<std::uint64_t> bytes_;
  std::uint64_t parameters_ = 0;
};

}  // namespace berth::encoder
