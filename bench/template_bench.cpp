// Prompts from templates: one of 4 KB with ten documents, parsed once; and parsing it.
#include <benchmark/benchmark.h>

#include <string>

#include "berth/document.h"
#include "jinja/template.h"

namespace berth {
namespace {

const std::string source =
    "Answer the question with the documents.\n{% for doc in documents %}\n[{{ loop.index }}] {{ doc.meta.title | "
    "default('untitled') }} ({{ doc.score | round(2) }})\n{{ doc.content }}\n{% endfor %}\nQuestion: {{ query | trim "
    "}}\nAnswer:";

Value::Object variables() {
  Value::Array documents;
  for (int i = 0; i < 10; ++i)
    documents.push_back(Document({.id = std::to_string(i),
                                  .content = std::string(380, 'x'),
                                  .meta = {{"title", "Document " + std::to_string(i)}},
                                  .score = 0.123456789F * static_cast<float>(i)}));
  return {{"documents", documents}, {"query", " Why is the sky blue? "}};
}

void render(benchmark::State& state) {
  const JinjaTemplate prompt(source);
  const auto given = variables();
  std::size_t bytes = 0;
  for (auto _ : state) bytes += prompt.render(given).size();
  state.counters["bytes"] = static_cast<double>(bytes) / static_cast<double>(state.iterations());
}
BENCHMARK(render)->Unit(benchmark::kMicrosecond);

void parse(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(JinjaTemplate(source));
}
BENCHMARK(parse)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace berth
