/// The model files of a folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace berth::model {

/// What a folder holds, as far as models go. All paths are relative to it, in order of their names.
struct ModelFiles {
  std::vector<std::filesystem::path> models;       ///< GGUF files that can be loaded: whole ones and first parts
  std::vector<std::filesystem::path> later_parts;  ///< of split models
  std::vector<std::filesystem::path> companions;   ///< GGUF files that only accompany a model, by their headers
  bool has_safetensors = false;
};

/// Whether the model is one of Hugging Face, as the folder itself is.
inline bool holds_only_safetensors(const ModelFiles& files) {
  return files.has_safetensors && files.models.empty() && files.later_parts.empty();
}

/// Lists `folder`, to a depth of `levels` folders below it. Links to files are followed, those to folders are not.
/// Hidden files do not count. Which files only accompany a model their headers tell, and their names where these do not
/// and another file remains.
/// Throws ModelNotFound where a folder cannot be read.
ModelFiles list_models(const std::filesystem::path& folder, int levels);

/// What `pick_model` says where it cannot choose.
struct PickMessages {
  std::string none;     ///< thrown as ModelNotFound
  std::string several;  ///< before the list, which std::invalid_argument carries
  std::string prefix;   ///< before each name of the list, so that it can be given as it stands
};

/// The one model of `files`, as a path; one beside which only drafts for it stand counts as the only one. Throws as PickMessages says, and ModelNotFound where it is a link to nothing or
/// only later parts of a split model are there.
std::filesystem::path pick_model(const std::filesystem::path& folder, ModelFiles files, const PickMessages& messages);

}  // namespace berth::model
