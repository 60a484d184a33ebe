#include "berth/error.h"

#include <fmt/format.h>

namespace berth {
namespace {

std::string format_message(const std::filesystem::path& path, std::uint64_t offset, std::string_view found,
                           std::string_view expected) {
  return fmt::format("{}byte {}: found {}, expected {}", path.empty() ? "" : path.string() + ": ", offset, found,
                     expected);
}

}  // namespace

FormatError::FormatError(std::filesystem::path path, std::uint64_t offset, std::string found, std::string expected)
    : std::runtime_error(format_message(path, offset, found, expected)),
      path_(std::move(path)),
      offset_(offset),
      found_(std::move(found)),
      expected_(std::move(expected)) {}

EngineError::EngineError(std::string_view engine, std::string_view device, std::string_view cause)
    : std::runtime_error(fmt::format("{}{}{}: {}", engine, device.empty() ? "" : " on ", device, cause)),
      engine_(engine),
      device_(device),
      cause_(cause) {}

}  // namespace berth
