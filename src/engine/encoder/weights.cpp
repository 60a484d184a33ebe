#include "engine/encoder/weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "berth/error.h"
#include "engine/encoder/element_values.h"
#include "model/safetensors.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth::encoder {
namespace {

/// That the file and config.json are of different models shows here.
constexpr std::string_view from_config = "as its config.json says; the two may be of different models";

bool is_cpu(ggml_backend_dev_t device) { return ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU; }

}  // namespace

Weights::Weights(std::shared_ptr<const ModelProfile> profile, ModuleMap map, std::vector<ggml_backend_dev_t> devices,
                 MatrixTypes types, std::string base)
    : profile_(std::move(profile)),
      map_(std::move(map)),
      devices_(std::move(devices)),
      types_(types),
      paths_(model::safetensors_files(profile_->path)),
      mapped_context_(new_context(profile_->tensors.size() + 1)),
      bytes_(devices_.size()) {
  for (const auto& path : paths_) files_.emplace_back(path);
  for (const auto& tensor : profile_->tensors) by_name_.emplace(tensor.name, &tensor);
  for (std::size_t i = 0; i < devices_.size(); ++i)
    copied_contexts_.push_back(new_context(profile_->tensors.size() + 1));
  base += '.';
  if (std::ranges::any_of(profile_->tensors, [&](const TensorInfo& each) { return each.name.starts_with(base); }))
    prefix_ = base;
}

void Weights::refuse(const TensorInfo& tensor, std::string found, std::string expected) const {
  throw FormatError(paths_.at(tensor.part), tensor.offset,
                    fmt::format("{} in tensor {}", found, in_quotes(tensor.name)), std::move(expected));
}

std::string Weights::name_in_file(std::string_view name, bool of_base) const {
  return (of_base ? prefix_ : std::string()) + std::string(name);
}

const TensorInfo* Weights::find(std::string_view name, bool of_base) const {
  const auto found = by_name_.find(name_in_file(name, of_base));
  return found == by_name_.end() ? nullptr : found->second;
}

const TensorInfo& Weights::info(std::string_view name, bool of_base) const {
  const auto* found = find(name, of_base);
  if (found != nullptr) return *found;
  std::vector<std::string> names;
  for (const auto& tensor : profile_->tensors) names.push_back(tensor.name);
  const auto full = name_in_file(name, of_base);
  const auto like = nearest(full, names);
  throw FormatError(paths_.front(), 0,
                    fmt::format("no tensor {}{}", in_quotes(full), like.empty() ? "" : ", but " + in_quotes(like)),
                    fmt::format("one, {}", from_config));
}

ggml_tensor* Weights::declare(const std::string& name, bool of_base, const std::vector<std::int64_t>& shape,
                              ggml_type type) {
  const auto& found = info(name, of_base);
  if (const auto again = tensors_.find(found.name); again != tensors_.end()) return again->second;
  if (!std::ranges::equal(found.shape, shape, [](std::uint64_t a, std::int64_t b) { return std::cmp_equal(a, b); }))
    refuse(found, fmt::format("the shape [{}]", fmt::join(found.shape.rbegin(), found.shape.rend(), ", ")),
           fmt::format("[{}], {}", fmt::join(shape.rbegin(), shape.rend(), ", "), from_config));
  const auto stored = stored_type(found.type);
  if (!stored) refuse(found, "the type " + found.type, "F32, F16 or BF16");
  const auto device = map_.device_of({found.name, name, of_base});
  const auto* start = files_.at(found.part).part(found.offset, found.bytes).data();
  const bool mapped = is_cpu(devices_[device]) && *stored == type &&
                      reinterpret_cast<std::uintptr_t>(start) % ggml_type_size(type) == 0;
  auto* tensor = ggml_new_tensor((mapped ? mapped_context_ : copied_contexts_[device]).get(), type,
                                 static_cast<int>(shape.size()), shape.data());
  ggml_set_name(tensor, found.name.c_str());
  tensors_.emplace(found.name, tensor);
  declared_.push_back({tensor, &found, device, mapped});
  placement_.set(found.name, map_.devices()[device]);
  parameters_ += static_cast<std::uint64_t>(ggml_nelements(tensor));
  bytes_[device] += ggml_nbytes(tensor);
  return tensor;
}

std::uint64_t Weights::mapped_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& each : declared_)
    if (each.mapped) bytes += ggml_nbytes(each.tensor);
  return bytes;
}

void Weights::allocate() {
  std::vector<ggml_backend_buffer_t> mapped;
  for (const auto& file : files_) {
    auto* start = const_cast<std::byte*>(file.bytes().data());
    mapped.push_back(ggml_backend_cpu_buffer_from_ptr(start, file.bytes().size()));
    buffers_.emplace_back(mapped.back());
  }
  for (const auto& each : declared_) {
    if (!each.mapped) continue;
    const auto part = files_[each.info->part].part(each.info->offset, each.info->bytes);
    ggml_backend_tensor_alloc(mapped[each.info->part], each.tensor, const_cast<std::byte*>(part.data()));
  }
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    if (ggml_get_first_tensor(copied_contexts_[i].get()) == nullptr) continue;
    buffers_.emplace_back(
        ggml_backend_alloc_ctx_tensors_from_buft(copied_contexts_[i].get(), ggml_backend_dev_buffer_type(devices_[i])));
    if (!buffers_.back())
      throw EngineError("encoder", map_.devices()[i].str(),
                        fmt::format("too little memory for the {} bytes of weights that lie there", bytes_[i]));
  }
  for (const auto& buffer : buffers_) ggml_backend_buffer_set_usage(buffer.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
}

void Weights::fill(const Declared& each) const {
  const auto& info = *each.info;
  const auto source = files_[info.part].part(info.offset, info.bytes);
  const auto stored = *stored_type(info.type);
  const auto check = [&](std::span<const std::byte> values, ggml_type type, std::string_view what) {
    if (const auto at = first_not_finite(values, type))
      refuse(info, fmt::format("{} at element {}", what, *at), "finite numbers: get the file again");
  };
  check(source, stored, "NaN or infinity");
  if (each.mapped) return;
  if (each.tensor->type == stored) {
    ggml_backend_tensor_set(each.tensor, source.data(), 0, source.size());
    return;
  }
  const auto bytes = converted(source, stored, each.tensor->type);
  check(bytes, each.tensor->type, fmt::format("a number too large for {}", ggml_type_name(each.tensor->type)));
  ggml_backend_tensor_set(each.tensor, bytes.data(), 0, bytes.size());
}

void Weights::load(const std::function<bool(float)>& progress) {
  std::vector<std::string> names;
  for (const auto& tensor : profile_->tensors) names.push_back(tensor.name);
  map_.check(names);
  allocate();
  float done = 0;
  for (const auto& each : declared_) {
    if (!progress(done / static_cast<float>(declared_.size())))
      throw Cancelled("Loading '" + profile_->path.string() + "' was cancelled");
    fill(each);
    ++done;
  }
  progress(1);
}

void Weights::place_without_data() {
  for (const auto device : devices_)
    buffers_.emplace_back(ggml_backend_buft_alloc_buffer(ggml_backend_dev_buffer_type(device), 0));
  for (const auto& buffer : buffers_) ggml_backend_buffer_set_usage(buffer.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
  for (const auto& each : declared_) each.tensor->buffer = buffers_[each.device].get();
}

Module Module::operator/(std::string_view name) const { return {*weights_, full(name), of_base_}; }

std::string Module::full(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

bool Module::has(std::string_view name) const { return weights_->has(full(name), of_base_); }

Linear Module::linear(std::string_view name, std::int64_t in, std::int64_t out, Bias bias) const {
  const auto module = *this / name;
  return {module.matrix("weight", {in, out}), bias == Bias::yes ? module.vector("bias", out) : nullptr};
}

Norm Module::norm(std::string_view name, std::int64_t width, float eps, Bias bias) const {
  const auto module = *this / name;
  // Models that came from TensorFlow have the older names.
  const bool old = !module.has("weight") && module.has("gamma");
  return {module.vector(old ? "gamma" : "weight", width),
          bias == Bias::yes ? module.vector(old ? "beta" : "bias", width) : nullptr, eps};
}

ggml_tensor* Module::table(std::string_view name, std::int64_t width, std::int64_t rows) const {
  return weights_->declare(full(fmt::format("{}.weight", name)), of_base_, {width, rows}, weights_->types().tables);
}

ggml_tensor* Module::matrix(std::string_view name, const std::vector<std::int64_t>& shape) const {
  const auto type = weights_->types().products;
  return weights_->declare(full(name), of_base_, shape, shape[0] % ggml_blck_size(type) == 0 ? type : GGML_TYPE_F32);
}

ggml_tensor* Module::vector(std::string_view name, std::int64_t width) const {
  return weights_->declare(full(name), of_base_, {width}, GGML_TYPE_F32);
}

ggml_tensor* Module::exact(std::string_view name, std::int64_t width, std::int64_t rows) const {
  return weights_->declare(full(name), of_base_, {width, rows}, GGML_TYPE_F32);
}

std::int64_t Module::rows_of(std::string_view name) const {
  const auto& shape = weights_->info(full(name), of_base_).shape;
  return shape.size() == 2 ? static_cast<std::int64_t>(shape[1]) : 0;
}

}  // namespace berth::encoder
