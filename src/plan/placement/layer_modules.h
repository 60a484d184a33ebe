/// What names of transformers within a layer mean in GGUF's roles: "self_attn", "mlp.down_proj".
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace berth::plan {

/// Whether `module`, a name within a layer without "weight" or "bias", is put together as transformers does: modules that
/// hold others, each where it can stand, and a part of the last.
bool is_layer_path(std::string_view module);

/// Whether a tensor with `role` is what somebody calls `module`, a name within a layer, whose GGUF role is `asked`.
bool is_meant(std::string_view role, std::string_view asked, std::string_view module);

/// Whether all tensors with `roles` can stand below the module that `module` begins with: no part of the feed-forward is in
/// an attention, and a Mamba is where a state is.
bool can_hold(std::string_view module, std::span<const std::string_view> roles);

/// Roles that stand for `asked` in a model that divides or joins them otherwise.
std::vector<std::string_view> other_roles(std::string_view asked, std::string_view module);

/// Names within a layer that somebody may have meant to write.
std::span<const std::string_view> usual_layer_names();

}  // namespace berth::plan
