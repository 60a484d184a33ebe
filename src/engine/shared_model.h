/// Models that several components use are loaded once.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>
#include <typeinfo>

#include "berth/value.h"

namespace berth {

/// See shared_model(); `kind` tells objects of one type from those of another.
std::shared_ptr<const void> shared_object(std::string_view kind, const std::filesystem::path& file, const Value& wish,
                                          const std::stop_token& stop,
                                          const std::function<std::shared_ptr<const void>()>& load);

/// The model of `file` (or folder) that was loaded for the same wish and that somebody still uses, else what `load` gives.
/// `wish` is what is asked for besides the file: a request, or a strategy. Who asks while it is being loaded waits. Throws
/// Cancelled, and what `load` throws.
template <class Model, class Load>
std::shared_ptr<const Model> shared_model(const std::filesystem::path& file, const Value& wish,
                                          const std::stop_token& stop, const Load& load) {
  return std::static_pointer_cast<const Model>(
      shared_object(typeid(Model).name(), file, wish, stop,
                    [&]() -> std::shared_ptr<const void> { return std::shared_ptr<const Model>(load()); }));
}

}  // namespace berth
