#include "berth/text_file_to_document.h"

#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <utility>

#include "component/decoded_text.h"
#include "component/file_source.h"

namespace berth {
namespace {

Document document_of(ByteStream stream, const Value::Object& meta, const TextFileToDocumentParameters& rules) {
  const Value* encoding = stream.meta.find("encoding");
  DocumentFields fields{
      .content = decoded_text(stream.data, encoding == nullptr ? rules.encoding : encoding->as_string()),
      .meta = stream.meta};
  for (const auto& [name, value] : meta) fields.meta.set(name, value);
  const Value* path = stream.meta.find("file_path");
  if (!rules.store_full_path && path != nullptr && path->is_string() && !path->as_string().empty())
    fields.meta.set("file_path", std::filesystem::path(path->as_string()).filename().string());
  return Document(std::move(fields));
}

}  // namespace

TextFileToDocument::TextFileToDocument(Parameters given)
    : ComponentWith(type_name, std::move(given)),
      sources_(input("sources", file_sources_type())),
      meta_(input("meta", type_of<FileMeta>(), Value())) {}

void TextFileToDocument::run(Run& run) {
  const auto sources = from_value<std::vector<FileSource>>(run.value(sources_));
  const auto meta = meta_of_sources(from_value<FileMeta>(run.value(meta_)), sources.size());
  std::vector<Document> documents;
  const auto skip = [&](std::string_view what, const FileSource& source, const std::exception& problem) {
    if (run.log())
      run.log()(LogLevel::warning, fmt::format(fmt::runtime(what), name_of_source(source), problem.what()));
  };
  for (std::size_t i = 0; i < sources.size(); ++i) {
    run.context().throw_if_stopped("reading files");
    ByteStream stream;
    try {
      stream = read_source(sources[i]);
    } catch (const std::exception& problem) {
      skip("Could not read {}. Skipping it. Error: {}", sources[i], problem);
      continue;
    }
    try {
      documents.push_back(document_of(std::move(stream), meta[i], parameters()));
    } catch (const std::exception& problem) {
      skip("Could not convert file {}. Skipping it. Error message: {}", sources[i], problem);
    }
  }
  run.set(documents_, std::move(documents));
}

}  // namespace berth
