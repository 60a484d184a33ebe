#include "berth/error.h"

#include <fmt/format.h>

#include "text/text_place.h"

namespace berth {
namespace {

std::string byte_place(const std::filesystem::path& path, std::uint64_t offset) {
  return fmt::format("{}byte {}", path.empty() ? "" : path.string() + ": ", offset);
}

}  // namespace

FormatError::FormatError(std::filesystem::path path, std::uint64_t offset, std::string found, std::string expected)
    : std::runtime_error(fmt::format("{}: found {}, expected {}", byte_place(path, offset), found, expected)),
      path_(std::move(path)),
      offset_(offset),
      found_(std::move(found)),
      expected_(std::move(expected)) {}

FormatError::FormatError(std::filesystem::path path, std::size_t line, std::size_t column, std::uint64_t offset,
                         std::string found, std::string expected)
    : std::runtime_error(
          fmt::format("{}: found {}, expected {}", text_place(path.string(), line, column), found, expected)),
      path_(std::move(path)),
      offset_(offset),
      found_(std::move(found)),
      expected_(std::move(expected)) {}

FormatError::FormatError(std::filesystem::path path, std::string found, std::string expected)
    : std::runtime_error(fmt::format("{}: {}", path.string(), found)),
      path_(std::move(path)),
      offset_(0),
      found_(std::move(found)),
      expected_(std::move(expected)) {}

EngineError::EngineError(std::string_view engine, std::string_view device, std::string_view cause)
    : std::runtime_error(fmt::format("{}{}{}: {}", engine, device.empty() ? "" : " on ", device, cause)),
      engine_(engine),
      device_(device),
      cause_(cause) {}

}  // namespace berth
