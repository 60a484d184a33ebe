#include "pipeline_file.h"

#include <stdexcept>

#include "text_file.h"

namespace berth::cli {

void add_pipeline_file(CLI::App& command, std::string& file) {
  command.add_option("FILE", file, "A pipeline in Haystack's YAML; - is standard input")->type_name("FILE")->required();
}

Pipeline load_pipeline(const std::string& file) {
  const auto text = read_text_file(file, "a pipeline");
  try {
    return Pipeline::loads(text, file_name_for_messages(file));
  } catch (const std::invalid_argument& problem) {
    throw std::runtime_error(problem.what());  // the file is wrong, not the use of the command
  }
}

}  // namespace berth::cli
