#include "engine/llama/log_capture.h"

#include <llama.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <string_view>

#include "text/trimmed.h"

namespace berth::llama {
namespace {
thread_local LogCapture* innermost = nullptr;
std::atomic<bool> errors_are_printed = false;
}  // namespace

LogCapture::LogCapture(LogCallback log) : log_(std::move(log)), outer_(innermost) { innermost = this; }

LogCapture::~LogCapture() { innermost = outer_; }

std::string LogCapture::errors(const std::string& otherwise) const { return errors_.empty() ? otherwise : errors_; }

void LogCapture::install() {
  static std::once_flag once;
  std::call_once(once, [] {
    llama_log_set([](ggml_log_level level, const char* text, void* data) { receive(level, text, data); }, nullptr);
  });
}

void LogCapture::print_errors() { errors_are_printed = true; }

void LogCapture::receive(int level, const char* text, void*) {
  LogCapture* capture = innermost;
  const auto message = trimmed(text);
  if (errors_are_printed && level == GGML_LOG_LEVEL_ERROR)
    std::fprintf(stderr, "%.*s\n", static_cast<int>(message.size()), message.data());
  if (capture == nullptr || message.empty()) return;
  if (level == GGML_LOG_LEVEL_ERROR) {
    if (!capture->errors_.empty()) capture->errors_ += "; ";
    capture->errors_ += message;
  }
  if (!capture->log_) return;
  if (level == GGML_LOG_LEVEL_ERROR) capture->log_(LogLevel::error, message);
  if (level == GGML_LOG_LEVEL_WARN) capture->log_(LogLevel::warning, message);
}

}  // namespace berth::llama
