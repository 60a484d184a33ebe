/// Lines typed at a terminal, with editing and a history.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace berth::cli {

/// ${XDG_STATE_HOME:-~/.local/state}/berth/history; empty where there is no home.
std::filesystem::path history_path();

/// libedit. One at a time. The history is kept in history_path(); where that cannot be written, only for this session.
class LineEditor {
 public:
  LineEditor();

  /// A line without its end; none at the end of input (Ctrl-D). Ctrl-C ends the process with exit code 130 and the
  /// terminal as it was found.
  std::optional<std::string> read(const char* prompt);

 private:
  void remember(const char* line);

  std::filesystem::path history_;
  std::string last_;
};

}  // namespace berth::cli
