/// Files that accompany a model: projectors, adapters, importance matrices, drafts.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace berth::model {

/// Whether a file is none that can be loaded as a model, by the start of its header: by general.type and
/// general.architecture. Nothing where they do not tell, or where the file cannot be read. Takes well under a millisecond.
std::optional<bool> is_companion(const std::filesystem::path& file);

/// The same by its name in lower case: "model-mmproj-f16.gguf", "imatrix.gguf", "mtp-model.gguf", "lora.gguf".
bool is_companion_name(std::string_view name);

/// Whether a model seems to be there only to make drafts for another, by its name in lower case: "model-draft.gguf".
bool is_draft_name(std::string_view name);

}  // namespace berth::model
