/// What Berth throws when the world, not the caller, is at fault. The caller's mistakes are std::invalid_argument.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth {

/// A file or text that is not what it should be. `what()` names the path, the offset, what was found and expected.
class FormatError : public std::runtime_error {
 public:
  FormatError(std::filesystem::path path, std::uint64_t offset, std::string found, std::string expected);
  /// Of a text: what() names line and column, from 1, in place of the offset.
  FormatError(std::filesystem::path path, std::size_t line, std::size_t column, std::uint64_t offset, std::string found,
              std::string expected);
  /// `found` names the place in the document itself: what() is "machine.json: devices[1].free_bytes: -1 is not ...".
  FormatError(std::filesystem::path path, std::string found, std::string expected);

  const std::filesystem::path& path() const { return path_; }  ///< empty for a text in memory
  std::uint64_t offset() const { return offset_; }             ///< in bytes from the start
  const std::string& found() const { return found_; }
  const std::string& expected() const { return expected_; }

 private:
  std::filesystem::path path_;
  std::uint64_t offset_;
  std::string found_;
  std::string expected_;
};

/// An engine could not do what it was asked: load, plan memory, compute.
class EngineError : public std::runtime_error {
 public:
  EngineError(std::string_view engine, std::string_view device, std::string_view cause);

  const std::string& engine() const { return engine_; }  ///< "llama.cpp"
  const std::string& device() const { return device_; }  ///< "cuda:0", or empty
  const std::string& cause() const { return cause_; }

 private:
  std::string engine_;
  std::string device_;
  std::string cause_;
};

/// An engine that ran in a process of its own and is gone: it crashed, was killed, hung, or lost a device. `cause()` holds
/// the signal or exit status and the last lines of its log.
class EngineLost : public EngineError {
 public:
  EngineLost(std::string_view engine, std::string_view device, std::string_view cause,
             std::vector<std::string> texts_so_far = {})
      : EngineError(engine, device, cause), texts_so_far_(std::move(texts_so_far)) {}

  /// What had been generated, completion by completion.
  const std::vector<std::string>& texts_so_far() const { return texts_so_far_; }

 private:
  std::vector<std::string> texts_so_far_;
};

/// A model that is not on this machine. `what()` holds the command that gets it.
class ModelNotFound : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A device that is not there, or a wish that no device meets. `what()` names what comes nearest.
class DeviceNotFound : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A model that no placement on the machine can hold. `what()` says what lacks and what would help.
class ModelDoesNotFit : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A service elsewhere could not be reached, refused the request, or sent what makes no sense.
class RemoteError : public std::runtime_error {
 public:
  explicit RemoteError(const std::string& message, std::optional<int> status = std::nullopt,
                       std::string text_so_far = {})
      : std::runtime_error(message), status_(status), text_so_far_(std::move(text_so_far)) {}

  std::optional<int> status() const { return status_; }            ///< of HTTP, where an answer came: 401, 429, ...
  const std::string& text_so_far() const { return text_so_far_; }  ///< of a streamed reply that was cut

 private:
  std::optional<int> status_;
  std::string text_so_far_;
};

/// The caller cancelled the work (a stop token, or a progress callback that answered false).
class Cancelled : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace berth
