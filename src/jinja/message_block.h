/// The messages of chat templates: {% message role="user" %}...{% endmessage %}.
#pragma once

#include "berth/chat_message.h"
#include "jinja/any.h"
#include "jinja/function.h"

namespace berth::jinja {

/// The filter that puts an image, a tool call or another part of a message into the text of a block.
extern const Function templatize_part;

/// The message of a block with these arguments. Throws what tells what is wrong with it.
ChatMessage message_of(Run& run, const Arguments& arguments, const Str& content);

}  // namespace berth::jinja
