/// The names of PyTorch's number formats.
#pragma once

#include <string_view>

namespace berth {

/// The canonical name of the dtype `name`, both without "torch.": "half" gives "float16". Empty for any other text.
std::string_view canonical_torch_dtype(std::string_view name);

}  // namespace berth
