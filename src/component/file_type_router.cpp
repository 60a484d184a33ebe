#include "berth/file_type_router.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "component/file_source.h"
#include "component/mime_type.h"
#include "text/printable.h"
#include "text/regex.h"

namespace berth {
namespace {

constexpr std::size_t unclassified_output = 0;
constexpr std::size_t failed_output = 1;
constexpr std::size_t first_type_output = 2;

/// As Python's Path writes it: without "." and doubled slashes.
std::string plain_path(const std::string& text) {
  std::filesystem::path plain;
  for (const auto& part : std::filesystem::path(text))
    if (!part.empty() && part != ".") plain /= part;
  return plain.empty() ? "." : plain.string();
}

Regex pattern_of(const std::string& type) {
  try {
    return Regex(type);
  } catch (const std::invalid_argument& problem) {
    throw std::invalid_argument(
        fmt::format("Invalid MIME type or regex pattern {}. {}", in_quotes(type), problem.what()));
  }
}

std::vector<std::string> each_once(const std::vector<std::string>& names) {
  std::vector<std::string> once;
  for (const auto& name : names)
    if (std::ranges::find(once, name) == once.end()) once.push_back(name);
  return once;
}

}  // namespace

/// To which output a source goes.
class FileTypeRouter::Routes {
 public:
  explicit Routes(const Parameters& rules) : types_(each_once(rules.mime_types)) {
    if (types_.empty()) throw std::invalid_argument("The list of mime types cannot be empty.");
    for (const auto& type : types_) patterns_.push_back(pattern_of(type));
    if (rules.additional_mimetypes) additional_ = *rules.additional_mimetypes;
  }

  const std::vector<std::string>& types() const { return types_; }

  std::size_t of(const FileSource& source) const {
    const auto* path = std::get_if<std::string>(&source);
    const auto type = path == nullptr ? std::get<ByteStream>(source).mime_type : mime_type_of(*path, additional_);
    if (type.value_or("").empty()) return unclassified_output;
    for (std::size_t i = 0; i < types_.size(); ++i)
      if (types_[i] == *type || patterns_[i].full_match(*type)) return first_type_output + i;
    return unclassified_output;
  }

 private:
  std::vector<std::string> types_;
  std::vector<Regex> patterns_;
  OrderedMap<std::string> additional_;
};

FileTypeRouter::FileTypeRouter(Parameters given)
    : ComponentWith(type_name, std::move(given)),
      routes_(std::make_shared<const Routes>(parameters())),
      sources_(input("sources", file_sources_type())),
      meta_(input("meta", type_of<FileMeta>(), Value())) {
  for (const char* name : {"unclassified", "failed"}) outputs_.push_back(output(name, file_sources_type()));
  for (const auto& type : routes_->types()) outputs_.push_back(output(type, file_sources_type()));
}

void FileTypeRouter::run(Run& run) {
  const auto sources = from_value<std::vector<FileSource>>(run.value(sources_));
  const auto meta = meta_of_sources(from_value<FileMeta>(run.value(meta_)), sources.size());
  std::vector<Value::Array> sent(outputs_.size());
  const auto fail = [&](const FileSource& source, const std::string& why) {
    if (parameters().raise_on_failure) throw std::invalid_argument(why);
    if (run.log()) run.log()(LogLevel::warning, why + ". Skipping it.");
    sent[failed_output].push_back(to_value(source));
  };
  for (std::size_t i = 0; i < sources.size(); ++i) {
    auto source = sources[i];
    if (auto* path = std::get_if<std::string>(&source)) {
      *path = plain_path(*path);
      std::error_code ignored;
      if (!std::filesystem::exists(*path, ignored)) {
        fail(source, fmt::format("File not found: {}", printable(*path)));
        continue;
      }
    }
    const auto route = routes_->of(source);
    if (!meta[i].empty()) {
      try {
        auto stream = read_source(source);
        for (const auto& [name, value] : meta[i]) stream.meta.set(name, value);
        source = std::move(stream);
      } catch (const std::exception& problem) {
        fail(source, fmt::format("Could not read {}. Error: {}", name_of_source(source), problem.what()));
        continue;
      }
    }
    sent[route].push_back(to_value(std::move(source)));
  }
  for (std::size_t i = 0; i < sent.size(); ++i)
    if (!sent[i].empty()) run.set(outputs_[i], std::move(sent[i]));
}

}  // namespace berth
