#include "remote/remote_chat.h"

#include "berth/secret.h"

namespace berth {

RemoteChat::RemoteChat(const std::function<std::unique_ptr<const ChatCompletions>()>& make) {
  try {
    chat_ = make();
  } catch (const MissingVariable& problem) {
    missing_ = problem.what();
  }
}

const ChatCompletions& RemoteChat::get() const {
  if (missing_) throw MissingVariable(*missing_);
  return *chat_;
}

}  // namespace berth
