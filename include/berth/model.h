/// What a model file says about itself, and where a model is on this machine. Headers only: weights are never read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/value.h"

namespace berth {

/// One tensor of a model file.
struct TensorInfo {
  std::string name;  ///< "blk.0.ffn_up.weight"
  std::string type;  ///< as ggml names it: "Q4_1", "F32"; else as safetensors does: "F8_E4M3"
  /// In ggml's order: the contiguous dimension first. In GGUF 0 to 4 dimensions, none zero; elsewhere up to 64.
  std::vector<std::uint64_t> shape;
  std::uint64_t offset = 0;                 ///< of its data from the start of its file
  std::uint64_t bytes = 0;                  ///< of its data, without padding
  std::uint32_t part = 0;                   ///< which file of a split model holds it, from 0; in ONNX 0 is the model
  std::optional<std::uint64_t> layer = {};  ///< that it belongs to, by its name
  std::string role = {};                    ///< what it is there: "ffn_up", "token_embd", "output"

  bool operator==(const TensorInfo&) const = default;
};

/// What a layer consists of, and what it keeps of the tokens before. Sizes are counted in elements.
struct LayerProfile {
  bool attention = false;
  bool recurrent = false;  ///< a state instead of, or beside, attention
  bool dense = false;      ///< a feed-forward part that all tokens go through
  bool experts = false;    ///< one of which each token takes a few parts
  bool loaded = true;      ///< false: it only serves to guess tokens ahead (NextN), and is left in the file

  std::uint64_t heads = 0;
  std::uint64_t kv_heads = 0;
  std::uint64_t key_length = 0;                ///< of one head, as it is cached
  std::uint64_t value_length = 0;              ///< of one head, as it is cached
  bool has_cache = false;                      ///< keys are kept, and values
  bool keys_only = false;                      ///< values are computed from keys (MLA)
  std::uint64_t window = 0;                    ///< tokens that it attends to at most; 0: all of them
  std::uint64_t indexer_length = 0;            ///< of the one key beside them that chooses tokens (sparse attention)
  std::optional<std::uint64_t> cache_of = {};  ///< the layer whose keys and values it uses instead of its own

  std::uint64_t convolution_state = 0;  ///< elements that a recurrent layer keeps for each sequence: of its convolution
  std::uint64_t recurrent_state = 0;    ///< and of what it sums up

  std::uint64_t feed_forward_length = 0;
  std::uint64_t experts_used = 0;

  std::optional<std::uint64_t> weights_of = {};  ///< the layer whose weights it uses once more, with a cache of its own

  bool operator==(const LayerProfile&) const = default;
};

/// What the header of a model says: enough to plan where each part goes, nothing of the weights themselves.
struct ModelProfile {
  std::filesystem::path path;  ///< as given to read_model: for a split model its first part
  std::string format;          ///< "gguf", "safetensors", "onnx"
  /// "llama"; any name: whether an engine knows it is the engine's answer. Of Hugging Face the `model_type`. Empty where
  /// the model does not say.
  std::string architecture;
  std::string name;              ///< the model's own name, or that of its file or folder where it has none
  std::uint32_t part_count = 1;  ///< files that the model is split into
  std::uint64_t file_bytes = 0;  ///< of all of them
  std::optional<std::uint64_t> context_length;  ///< tokens that the model was trained for
  std::optional<std::uint64_t> block_count;     ///< layers
  std::optional<std::uint64_t> vocabulary_size;
  std::optional<std::uint64_t> embedding_length;  ///< of the state between layers
  std::uint64_t experts = 0;
  std::optional<std::uint64_t> key_rank;    ///< of the compressed keys and values of MLA
  std::optional<std::uint64_t> query_rank;  ///< of its compressed queries
  bool has_chat_template = false;
  std::vector<LayerProfile> layers;  ///< in their order; empty where the architecture's counts make no sense

  /// Of GGUF all metadata in the order of the file. An array of more than 512 elements or a string of more than 1 MiB
  /// stands here as {"type": "array[string]", "length": 49152}. An unsigned integer beyond 2^63 - 1 is a double. Of
  /// safetensors "__metadata__" and "config", which is config.json. Of ONNX "onnx", and "config" where it is there.
  Value::Object metadata;
  std::vector<TensorInfo> tensors;  ///< in the order of the file, part by part
  std::uint64_t tensor_bytes = 0;   ///< the sum of their bytes
  /// What the model does not say or what was guessed, in words; empty for most. Tensors and their bytes are always exact.
  std::vector<std::string> notes = {};

  Value to_dict() const;  ///< docs/model.schema.json
  /// Throws std::invalid_argument saying where what is wrong.
  static ModelProfile from_dict(const Value& dict);

  bool operator==(const ModelProfile&) const = default;
};

/// Reads the headers of a model, in about a millisecond; weights are never read. `path` is
///   - a GGUF file (version 2 or 3, little endian); of a split model the first part, NAME-00001-of-0000N.gguf
///   - a safetensors file, an index (model.safetensors.index.json), or the folder of such a model; the config.json beside
///     it tells architecture and layers
///   - an ONNX file (NAME.onnx), with its external data
/// All parts of a model are read and their tensors joined.
/// Throws ModelNotFound where `path` or another part is missing, FormatError where a file is not what it should be, is
/// cut short or cannot be read.
ModelProfile read_model(const std::filesystem::path& path);

/// The folders where models are looked for by name. Empty: no such folder.
struct ModelSearch {
  std::filesystem::path hub_cache;    ///< of Hugging Face, which holds models--ORG--NAME
  std::filesystem::path model_cache;  ///< Berth's own, which holds smollm2 and minilm

  /// HF_HUB_CACHE, else HF_HOME/hub, else XDG_CACHE_HOME/huggingface/hub, else ~/.cache/huggingface/hub; and
  /// XDG_CACHE_HOME/berth/models, else ~/.cache/berth/models.
  static ModelSearch from_environment();
};

/// The GGUF file that `model` means, or the folder of Hugging Face where that holds safetensors only; the first that fits:
///   - "smollm2" or "SmolLM2-135M-Instruct", the default model in `search.model_cache` ("./smollm2" is a path)
///   - the path of a file, or of a folder that holds one model
///   - "ORG/NAME" or "ORG/NAME:FILE_OR_QUANT" in the Hugging Face cache, such as "org/name-GGUF:Q4_K_M"
/// Of a split model it is the first part; files that only accompany a model (projectors, adapters, importance
/// matrices, drafts) do not count.
/// Nothing is downloaded: throws ModelNotFound, with the command that gets what is missing; std::invalid_argument where
/// the name is empty, holds a NUL byte, or several models fit (they are listed).
std::filesystem::path locate_model(std::string_view model, const ModelSearch& search);

/// The encoder that `model` means: a folder of Hugging Face with config.json, or modules.json of sentence-transformers; or a
/// GGUF file. The first that fits:
///   - the path of a GGUF file, of such a folder, or of another file in it
///   - the path of a folder whose weights are a GGUF file only
///   - "ORG/NAME" in the Hugging Face cache; a name alone also stands for that of the organization sentence-transformers.
///     Of a repository with GGUF files only, that file; "ORG/NAME:FILE_OR_QUANT" names one, as for locate_model()
///   - "minilm", or all-MiniLM-L6-v2 by its name, in `search.model_cache`
///   - "smollm2", as for locate_model(): a model that generates embeds by the mean over its tokens
/// `revision` is a branch, a tag or a commit of a repository in the Hugging Face cache; empty or "main": the one that was
/// downloaded without. It says nothing of paths.
/// Nothing is downloaded: throws ModelNotFound, with the command that gets what is missing; std::invalid_argument where
/// the name is empty or holds a NUL byte, or several GGUF files fit (they are listed).
std::filesystem::path locate_encoder(std::string_view model, const ModelSearch& search, std::string_view revision = {});

}  // namespace berth
