/// The messages of chat templates: {% message role="user" %}...{% endmessage %}.
#pragma once

#include <jinja/runtime.h>

#include <vector>

#include "berth/chat_message.h"

namespace berth {

/// Makes the functions known that blocks and the filter templatize_part call; each block adds its message to `messages`,
/// which must live as long as the context. What they throw tells what is wrong with a message.
void add_message_functions(::jinja::context& context, std::vector<ChatMessage>& messages);

}  // namespace berth
