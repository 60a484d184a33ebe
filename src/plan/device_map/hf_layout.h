/// How the classes of transformers lay out their modules, which the names in a file do not tell: their order, modules
/// without tensors, buffers that are computed, names for one tensor, blocks that stay whole.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::plan {

/// A buffer: saved with the model, or computed.
struct LayoutBuffer {
  std::string_view name;
  std::string_view dtype;  ///< empty: that of the weights
  bool is_saved;           ///< then only its name is given
  std::vector<std::string_view>
      dims;  ///< numbers, names in config.json, "#child": the rows of a child, "R": rotary angles
};

/// A class of blocks that stay whole. Where several stand in one list, each is told by a child that it alone has.
struct LayoutBlock {
  std::string_view number;  ///< one for each class of the model
  std::string_view child;   ///< empty: none is needed
};

struct LayoutModule {
  std::string_view name;                          ///< "*": each in a list
  std::vector<LayoutBlock> blocks = {};           ///< empty: it may be divided
  bool is_empty = false;                          ///< of what it holds nothing is in a file
  std::vector<std::string_view> parameters = {};  ///< of its own, in their order, where it has children too
  std::vector<LayoutBuffer> buffers = {};
  std::vector<LayoutModule> children = {};  ///< in their order; within a block only those with buffers

  const LayoutModule* child(std::string_view wanted) const;  ///< "*" stands for any
};

/// Another name of a tensor, or of a module.
struct LayoutTie {
  std::string_view name;
  std::string_view first;
  bool is_usual;  ///< else only where config.json says so, or where `name` is in no file
};

struct HfLayout {
  LayoutModule root;
  std::string_view base;  ///< the module that holds the model without its head: "transformer"
  std::vector<LayoutTie> ties;
  std::vector<std::pair<std::string_view, std::string_view>> renames;  ///< starts of names in files and in the class
};

/// That of a class such as "GPT2LMHeadModel". Nothing where the class is not known.
std::optional<HfLayout> hf_layout(std::string_view model_class);

/// Reads the notation of hf_layouts.h:
///
///     model(embed_tokens drop~ layers[!(attn(bias<bool:1,n_positions>))] norm)|base|name=first name~first|old>new
///
/// `~` is a module of which nothing is in a file, `!` a block that stays whole (`!1` of a second class, `!?child` told by a child), `name:`
/// a parameter, `name<dtype:dims>` a computed buffer, `name<>` one that is saved, `[]` what stands in each place of a list.
HfLayout read_layout(std::string_view text);

}  // namespace berth::plan
