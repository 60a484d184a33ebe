/// A service whose address and key may come from the environment.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "remote/chat_completions.h"

namespace berth {

/// The chats of a component, which can be looked at where the environment lacks what it needs to ask.
class RemoteChat {
 public:
  /// Calls `make`, whose MissingVariable it keeps.
  explicit RemoteChat(const std::function<std::unique_ptr<const ChatCompletions>()>& make);

  const std::optional<std::string>& missing() const { return missing_; }  ///< what the environment lacks

  /// Throws MissingVariable.
  const ChatCompletions& get() const;

 private:
  std::unique_ptr<const ChatCompletions> chat_;
  std::optional<std::string> missing_;
};

}  // namespace berth
