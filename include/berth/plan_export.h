/// Plans in the words of other tools.
///
///     const auto profile = read_model("model.gguf");
///     const auto inventory = discover();
///     const auto plan = make_plan(profile, inventory);
///     std::cout << shell_command("llama-server", to_llama_cpp(plan, profile, inventory)) << '\n';
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "berth/device.h"
#include "berth/inventory.h"
#include "berth/model.h"
#include "berth/plan.h"

namespace berth {

/// The arguments with which llama-server and llama-cli place `profile` exactly so, each a text of its own: "-ngl", "20",
/// "-ts", "12,8". Devices have the names that llama.cpp gives them in `inventory`, or its usual ones. Throws
/// std::invalid_argument for a plan that does not fit and for a placement that llama.cpp cannot do.
std::vector<std::string> to_llama_cpp(const Plan& plan, const ModelProfile& profile, const Inventory& inventory);

/// `program` and `arguments` as a command that a POSIX shell takes apart again.
std::string shell_command(std::string_view program, const std::vector<std::string>& arguments);

/// A Modelfile for Ollama. What Ollama takes from its environment or decides itself stands there as comments. Throws
/// std::invalid_argument for a plan that does not fit, and for a path with a line end.
std::string to_ollama(const Plan& plan, const ModelProfile& profile);

/// The device map that transformers takes, with its own names of modules. Embeddings that serve as the output too lie
/// where the output does. Throws std::invalid_argument for a plan that does not fit, an architecture whose modules are
/// not known, and single tensors apart from their layers, which a device map cannot say.
DeviceMap to_hf_device_map(const Plan& plan, const ModelProfile& profile);

/// One page that needs nothing else: devices as bars, layers over devices, tensors, reasons, and the alternatives. For
/// light and dark screens and for print; no scripts. It also shows what does not fit. The bars are as long as what `request`,
/// which the plan was made by, lets it use.
std::string to_html(const Plan& plan, const ModelProfile& profile, const Inventory& inventory,
                    const std::vector<Alternative>& others = {}, const PlanRequest& request = {});

}  // namespace berth
