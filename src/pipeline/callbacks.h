/// The caller's callbacks, as components that run side by side may call them.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "berth/log.h"

namespace berth {

/// The same, called by one thread at a time.
template <class... Args>
std::function<void(Args...)> one_at_a_time(std::function<void(Args...)> callback) {
  if (!callback) return {};
  return [mutex = std::make_shared<std::mutex>(), callback = std::move(callback)](Args... args) {
    const std::lock_guard lock(*mutex);
    callback(args...);
  };
}

/// The log of one component: messages have its name in front.
inline LogCallback log_of(std::string component, const LogCallback& log) {
  if (!log) return {};
  return [component = std::move(component), log](LogLevel level, std::string_view message) {
    log(level, (component + ": ").append(message));
  };
}

}  // namespace berth
