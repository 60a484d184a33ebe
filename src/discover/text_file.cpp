#include "discover/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "berth/error.h"

namespace berth::discovery {
namespace {

[[noreturn]] void fail(const char* what, const std::filesystem::path& path, int error) {
  throw std::filesystem::filesystem_error(what, path, std::error_code(error, std::generic_category()));
}

class File {
 public:
  explicit File(const std::filesystem::path& path) : path_(path), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (file_ < 0) fail("Cannot open", path, errno);
  }
  ~File() { ::close(file_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  /// Reads behind what `text` has, up to `size` bytes of it; false at the end.
  bool read_more(std::string& text, std::size_t size) {
    const std::size_t had = text.size();
    text.resize(size);
    ssize_t got = 0;
    do got = ::read(file_, text.data() + had, size - had);
    while (got < 0 && errno == EINTR);
    if (got < 0) fail("Cannot read", path_, errno);
    text.resize(had + static_cast<std::size_t>(got));
    return got > 0;
  }

 private:
  const std::filesystem::path& path_;
  int file_;
};

}  // namespace

std::string read_text_file(const std::filesystem::path& path, std::size_t most) {
  constexpr std::size_t chunk = std::size_t{1} << 20U;
  File file(path);
  std::string text;
  while (file.read_more(text, std::min(text.size() + chunk, most + 1)))
    if (text.size() > most) throw FormatError(path, most, "more than that many bytes", fmt::format("at most {}", most));
  return text;
}

}  // namespace berth::discovery
