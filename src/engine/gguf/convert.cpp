#include "engine/gguf/convert.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <fstream>
#include <memory>
#include <set>
#include <span>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "berth/error.h"
#include "engine/encoder/mapped_file.h"
#include "engine/gguf/architecture.h"
#include "engine/gguf/keys.h"
#include "engine/gguf/tensors.h"
#include "engine/gguf/vocabulary.h"
#include "model/safetensors.h"
#include "text/printable.h"

namespace berth {
namespace {

namespace fs = std::filesystem;
using namespace gguf;

/// Removed again unless it is kept.
class NewFile {
 public:
  explicit NewFile(const fs::path& target)
      : target_(fs::weakly_canonical(target)),  // a link stays one
        path_(fmt::format("{}.part-{}", target_.string(), getpid())) {
    out_.open(path_, std::ios::binary | std::ios::trunc);
    if (!out_) fail();
  }
  ~NewFile() {
    std::error_code none;
    if (!path_.empty()) fs::remove(path_, none);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::span<const std::byte> bytes) {
    out_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!out_) fail();
    written_ += bytes.size();
  }
  std::size_t written() const { return written_; }
  void pad(std::size_t alignment) { write(std::vector<std::byte>((alignment - written_ % alignment) % alignment)); }
  void keep() {
    out_.close();
    if (!out_) fail();
    fs::rename(path_, target_);
    path_.clear();
  }

 private:
  [[noreturn]] void fail() const {
    throw fs::filesystem_error("The GGUF file cannot be written", target_,
                               std::error_code(errno == 0 ? EIO : errno, std::generic_category()));
  }

  fs::path target_;
  fs::path path_;
  std::ofstream out_;
  std::size_t written_ = 0;
};

/// Throws std::invalid_argument for what a new file in its place would destroy: devices, folders, and files of the model.
void check_target(const fs::path& to, const fs::path& folder) {
  const auto refuse = [&](const char* what) {
    throw std::invalid_argument(
        fmt::format("{} is {}: name another file for the GGUF model", in_quotes(to.string()), what));
  };
  std::error_code none;
  const auto status = fs::status(to, none);
  if (!to.has_filename()) refuse("no name of a file");
  if (fs::is_directory(status)) refuse("a folder");
  if (fs::exists(status) && !fs::is_regular_file(status)) refuse("a device, pipe or socket");
  for (fs::directory_iterator entry(folder, none), end; !none && entry != end; entry.increment(none)) {
    std::error_code other;
    if (entry->path().extension() != ".gguf" && fs::equivalent(*entry, to, other)) refuse("a file of the model itself");
  }
}

struct FreeTensors {
  void operator()(ggml_context* context) const { ggml_free(context); }
};

void add_tensors(gguf_context& to, const std::vector<WrittenTensor>& tensors) {
  const std::unique_ptr<ggml_context, FreeTensors> context(
      ggml_init({.mem_size = (tensors.size() + 1) * ggml_tensor_overhead(), .mem_buffer = nullptr, .no_alloc = true}));
  for (const auto& tensor : tensors) {
    auto* added =
        ggml_new_tensor(context.get(), tensor.type, static_cast<int>(tensor.shape.size()), tensor.shape.data());
    ggml_set_name(added, tensor.name.c_str());
    gguf_add_tensor(&to, added);
  }
}

void check_tensors(const ModelProfile& profile, const std::vector<WrittenTensor>& tensors) {
  std::set<std::string_view> names;
  for (const auto& tensor : tensors) {
    if (tensor.shape.empty() || tensor.shape.size() > GGML_MAX_DIMS || tensor.name.size() >= GGML_MAX_NAME ||
        !names.insert(tensor.name).second)
      throw FormatError(profile.path, 0, fmt::format("tensor {} twice, or of no shape", in_quotes(tensor.name)),
                        "each tensor of a layer once");
  }
}

std::size_t rows_of_embeddings(const ModelProfile& profile, const std::vector<WrittenTensor>& tensors) {
  for (const auto& tensor : tensors)
    if (tensor.name == "token_embd.weight" && tensor.shape.size() == 2)
      return static_cast<std::size_t>(tensor.shape[1]);
  throw FormatError(profile.path, 0, "no embeddings of tokens", "a model that generates text");
}

/// llama.cpp takes a tokenizer for that of Phi-3 by the name of its model alone.
std::string name_for_llama(std::string name, bool is_phi3_tokenizer) {
  auto lower = name;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto at = std::min(lower.find("phi-3"), lower.find("phi3"));
  if (is_phi3_tokenizer) return at == std::string::npos ? name + " (Phi-3)" : name;
  return at == std::string::npos ? name : name_for_llama(name.insert(at + 3, " "), false);
}

}  // namespace

void gguf::convert(const fs::path& folder, const fs::path& to, const ConvertContext& context) {
  const auto profile = model::read_safetensors_model(folder);
  const auto* values = profile.metadata.find("config");
  if (values == nullptr || !values->is_object())
    throw ModelNotFound(fmt::format("There is no config.json beside {}", in_quotes(folder.string())));
  const auto files = model::safetensors_files(folder);
  const auto beside = files.front().parent_path();
  check_target(to, beside);
  const encoder::Config whole(beside / "config.json", *values);
  const auto& architecture = gguf::architecture_of(whole);
  const auto config = text_part(whole, architecture);
  const std::unique_ptr<gguf_context, FreeContext> header(gguf_init_empty());
  Keys keys(*header);
  const std::string name(architecture.name);
  keys.text("general.architecture", name);
  architecture.set_keys(config, name, keys);
  const auto tensors = written_tensors(profile, architecture, config);
  check_tensors(profile, tensors);
  const bool is_phi3_tokenizer = set_vocabulary(beside, rows_of_embeddings(profile, tensors), keys);
  keys.text("general.name", name_for_llama(profile.name, is_phi3_tokenizer));
  add_tensors(*header, tensors);

  NewFile file(to);
  std::vector<std::byte> start(gguf_get_meta_size(header.get()));
  gguf_get_meta_data(header.get(), start.data());
  file.write(start);
  std::vector<encoder::MappedFile> sources(files.begin(), files.end());
  std::uint64_t done = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& tensor = tensors[i];
    const auto start_of_tensor = file.written();
    const auto cancelled =
        context.progress && !context.progress(static_cast<float>(static_cast<double>(done) /
                                                                 static_cast<double>(profile.tensor_bytes + 1)));
    if (cancelled || context.stop.stop_requested()) throw Cancelled("The conversion was cancelled");
    const auto write = [&](std::span<const std::byte> bytes) { file.write(bytes); };
    if (tensor.sources.empty()) write_tensor(tensor, {}, write);
    for (const auto* source : tensor.sources) {
      write_tensor(tensor, sources.at(source->part).part(source->offset, source->bytes), write);
      done += source->bytes;
    }
    // One of another size would move all behind it.
    const auto bytes = gguf_get_tensor_size(header.get(), static_cast<std::int64_t>(i));
    if (file.written() - start_of_tensor != bytes)
      throw FormatError(profile.path, tensor.sources.empty() ? 0 : tensor.sources.front()->offset,
                        fmt::format("{} bytes for tensor {}", file.written() - start_of_tensor, in_quotes(tensor.name)),
                        fmt::format("{}, which its shape takes", bytes));
    file.pad(gguf_get_alignment(header.get()));
  }
  file.keep();
}

}  // namespace berth
