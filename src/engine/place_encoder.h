/// Where an encoder lies by a strategy and budgets, as its components are given them.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "berth/device_map_plan.h"
#include "berth/inventory.h"
#include "berth/text_encoder.h"

namespace berth {

/// `request` with a device map by that strategy, in which the encoder holds no more of a device than its budget; other
/// devices may use all that is free on `machine`, but with budgets accelerate uses no other accelerators. Texts have
/// `most_tokens` at most, as in TextEncoder::memory(). Throws ModelDoesNotFit, std::invalid_argument for a budget of a device
/// that is not there, and as TextEncoder::memory().
TextEncoderRequest place_encoder(TextEncoderRequest request, MapStrategy strategy,
                                 const std::vector<MemoryBudget>& max_memory, std::optional<std::size_t> most_tokens,
                                 const Inventory& machine);

/// The same for an encoder that may go anywhere, on devices of workers, too: as a whole on one accelerator where it finds room on
/// one, those of this machine first. Throws as place_encoder().
TextEncoderRequest place_encoder_anywhere(TextEncoderRequest request, const Inventory& machine);

/// Throws ModelDoesNotFit where the encoder would hold more than a budget on the devices of `request`.
void check_budgets(const TextEncoderRequest& request, const std::vector<MemoryBudget>& max_memory,
                   std::optional<std::size_t> most_tokens);

}  // namespace berth
