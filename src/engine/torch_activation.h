/// The activations of torch.nn that configurations of sentence-transformers name, over rows of numbers.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace berth {

/// Changes a row in place.
using RowFunction = void (*)(std::span<float> row);

/// What an object of the class computes that is made without arguments: "torch.nn.modules.activation.Tanh", "torch.nn.Tanh".
/// nullptr for a class that is not known, has weights (PReLU) or needs arguments (Threshold), or gives a row of another
/// width (GLU).
RowFunction torch_activation(std::string_view class_name);

/// "one of Tanh, ReLU, ... of torch.nn", for messages.
std::string known_torch_activations();

/// Whether sentence-transformers makes an object of a class with that name, as it does without trust_remote_code.
inline bool is_of_torch(std::string_view class_name) { return class_name.starts_with("torch."); }

}  // namespace berth
