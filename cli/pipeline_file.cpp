#include "pipeline_file.h"

#include "failure.h"
#include "text_file.h"

namespace berth::cli {

void add_pipeline_file(CLI::App& command, std::string& file) {
  command.add_option("FILE", file, "A pipeline in Haystack's YAML; - is standard input")->type_name("FILE")->required();
}

Pipeline load_pipeline(const std::string& file) {
  const auto text = read_file_or_input(file, "a pipeline");
  try {
    return Pipeline::loads(text, file_name_for_messages(file));
  } catch (const InvalidPipeline& problem) {
    throw Problems(problem.problems());  // the file is wrong, not the use of the command
  }
}

}  // namespace berth::cli
