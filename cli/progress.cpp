#include "progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "output.h"
#include "text.h"

namespace berth::cli {
namespace {

constexpr std::size_t progress_name_width = 36;
constexpr std::size_t bar_width = 30;
constexpr std::size_t progress_width = progress_name_width + bar_width + 9;

void write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

Progress::~Progress() {
  if (shown_percent_ >= 0) write("\r" + std::string(progress_width, ' ') + "\r");
}

void Progress::show(float part) {
  if (std::chrono::steady_clock::now() - started_ < std::chrono::seconds(1) || !error_is_terminal()) return;
  const int percent = static_cast<int>(std::clamp(part, 0.0F, 1.0F) * 100);
  if (percent == shown_percent_) return;
  shown_percent_ = percent;
  const auto filled = bar_width * static_cast<std::size_t>(percent) / 100;
  write(fmt::format("\r{} [{}{}] {:3}%", fitted(what_, progress_name_width), std::string(filled, '#'),
                    std::string(bar_width - filled, ' '), percent));
}

}  // namespace berth::cli
