/// All of Berth. The adapters berth/fmt.h and berth/torch.h need a library each and are included by themselves.
#pragma once

#include "berth/answer.h"                       // IWYU pragma: export
#include "berth/answer_builder.h"               // IWYU pragma: export
#include "berth/azure_openai_chat_generator.h"  // IWYU pragma: export
#include "berth/azure_openai_generator.h"       // IWYU pragma: export
#include "berth/byte_stream.h"                  // IWYU pragma: export
#include "berth/chat_content.h"                 // IWYU pragma: export
#include "berth/chat_message.h"                 // IWYU pragma: export
#include "berth/chat_prompt_builder.h"          // IWYU pragma: export
#include "berth/component.h"                    // IWYU pragma: export
#include "berth/convert.h"                      // IWYU pragma: export
#include "berth/device.h"                       // IWYU pragma: export
#include "berth/document.h"                     // IWYU pragma: export
#include "berth/engine.h"                       // IWYU pragma: export
#include "berth/error.h"                        // IWYU pragma: export
#include "berth/hf_kwargs.h"                    // IWYU pragma: export
#include "berth/huggingface_local_generator.h"  // IWYU pragma: export
#include "berth/inventory.h"                    // IWYU pragma: export
#include "berth/log.h"                          // IWYU pragma: export
#include "berth/model.h"                        // IWYU pragma: export
#include "berth/openai_chat_generator.h"        // IWYU pragma: export
#include "berth/openai_generator.h"             // IWYU pragma: export
#include "berth/prompt_builder.h"               // IWYU pragma: export
#include "berth/resolve.h"                      // IWYU pragma: export
#include "berth/secret.h"                       // IWYU pragma: export
#include "berth/sparse_embedding.h"             // IWYU pragma: export
#include "berth/streaming.h"                    // IWYU pragma: export
#include "berth/tool.h"                         // IWYU pragma: export
#include "berth/type.h"                         // IWYU pragma: export
#include "berth/value.h"                        // IWYU pragma: export
#include "berth/value_traits.h"                 // IWYU pragma: export
#include "berth/version.h"                      // IWYU pragma: export
