#include "component/haystack_types.h"

#include <algorithm>
#include <iterator>

namespace berth {
namespace {

struct Renamed {
  std::string_view in_2;
  std::string_view in_3;
};

// Class and module as Haystack 2.31 and 3.4 have them; transformers-haystack and sentence-transformers-haystack 2.0.
// clang-format off
constexpr Renamed renamed[] = {
    {"haystack.components.classifiers.zero_shot_document_classifier.TransformersZeroShotDocumentClassifier",
     "haystack_integrations.components.classifiers.transformers.zero_shot_document_classifier.TransformersZeroShotDocumentClassifier"},
    {"haystack.components.embedders.image.sentence_transformers_doc_image_embedder.SentenceTransformersDocumentImageEmbedder",
     "haystack_integrations.components.embedders.sentence_transformers.sentence_transformers_doc_image_embedder.SentenceTransformersDocumentImageEmbedder"},
    {"haystack.components.embedders.sentence_transformers_document_embedder.SentenceTransformersDocumentEmbedder",
     "haystack_integrations.components.embedders.sentence_transformers.sentence_transformers_document_embedder.SentenceTransformersDocumentEmbedder"},
    {"haystack.components.embedders.sentence_transformers_sparse_document_embedder.SentenceTransformersSparseDocumentEmbedder",
     "haystack_integrations.components.embedders.sentence_transformers.sentence_transformers_sparse_document_embedder.SentenceTransformersSparseDocumentEmbedder"},
    {"haystack.components.embedders.sentence_transformers_sparse_text_embedder.SentenceTransformersSparseTextEmbedder",
     "haystack_integrations.components.embedders.sentence_transformers.sentence_transformers_sparse_text_embedder.SentenceTransformersSparseTextEmbedder"},
    {"haystack.components.embedders.sentence_transformers_text_embedder.SentenceTransformersTextEmbedder",
     "haystack_integrations.components.embedders.sentence_transformers.sentence_transformers_text_embedder.SentenceTransformersTextEmbedder"},
    {"haystack.components.extractors.named_entity_extractor.NamedEntityExtractor",
     "haystack_integrations.components.extractors.transformers.named_entity_extractor.TransformersNamedEntityExtractor"},
    {"haystack.components.generators.chat.hugging_face_local.HuggingFaceLocalChatGenerator",
     "haystack_integrations.components.generators.transformers.chat.chat_generator.TransformersChatGenerator"},
    {"haystack.components.rankers.sentence_transformers_diversity.SentenceTransformersDiversityRanker",
     "haystack_integrations.components.rankers.sentence_transformers.sentence_transformers_diversity.SentenceTransformersDiversityRanker"},
    {"haystack.components.rankers.sentence_transformers_similarity.SentenceTransformersSimilarityRanker",
     "haystack_integrations.components.rankers.sentence_transformers.sentence_transformers_similarity.SentenceTransformersSimilarityRanker"},
    {"haystack.components.readers.extractive.ExtractiveReader",
     "haystack_integrations.components.readers.transformers.extractive_reader.TransformersExtractiveReader"},
    {"haystack.components.routers.transformers_text_router.TransformersTextRouter",
     "haystack_integrations.components.routers.transformers.text_router.TransformersTextRouter"},
    {"haystack.components.routers.zero_shot_text_router.TransformersZeroShotTextRouter",
     "haystack_integrations.components.routers.transformers.zero_shot_text_router.TransformersZeroShotTextRouter"},
    {"haystack.components.audio.whisper_local.LocalWhisperTranscriber",
     "haystack_integrations.components.audio.whisper.whisper_local.LocalWhisperTranscriber"},
};

constexpr std::string_view others[] = {
    "haystack.components.agents.agent.Agent",
    "haystack.components.audio.whisper_remote.RemoteWhisperTranscriber",
    "haystack.components.builders.answer_builder.AnswerBuilder",
    "haystack.components.builders.chat_prompt_builder.ChatPromptBuilder",
    "haystack.components.builders.prompt_builder.PromptBuilder",
    "haystack.components.caching.cache_checker.CacheChecker",
    "haystack.components.classifiers.document_language_classifier.DocumentLanguageClassifier",
    "haystack.components.connectors.openapi.OpenAPIConnector",
    "haystack.components.connectors.openapi_service.OpenAPIServiceConnector",
    "haystack.components.converters.azure.AzureOCRDocumentConverter",
    "haystack.components.converters.csv.CSVToDocument",
    "haystack.components.converters.docx.DOCXToDocument",
    "haystack.components.converters.file_to_file_content.FileToFileContent",
    "haystack.components.converters.html.HTMLToDocument",
    "haystack.components.converters.image.document_to_image.DocumentToImageContent",
    "haystack.components.converters.image.file_to_document.ImageFileToDocument",
    "haystack.components.converters.image.file_to_image.ImageFileToImageContent",
    "haystack.components.converters.image.pdf_to_image.PDFToImageContent",
    "haystack.components.converters.json.JSONConverter",
    "haystack.components.converters.markdown.MarkdownToDocument",
    "haystack.components.converters.msg.MSGToDocument",
    "haystack.components.converters.openapi_functions.OpenAPIServiceToFunctions",
    "haystack.components.converters.output_adapter.OutputAdapter",
    "haystack.components.converters.pdfminer.PDFMinerToDocument",
    "haystack.components.converters.pptx.PPTXToDocument",
    "haystack.components.converters.pypdf.PyPDFToDocument",
    "haystack.components.converters.tika.TikaDocumentConverter",
    "haystack.components.converters.txt.TextFileToDocument",
    "haystack.components.converters.xlsx.XLSXToDocument",
    "haystack.components.embedders.azure_document_embedder.AzureOpenAIDocumentEmbedder",
    "haystack.components.embedders.azure_text_embedder.AzureOpenAITextEmbedder",
    "haystack.components.embedders.hugging_face_api_document_embedder.HuggingFaceAPIDocumentEmbedder",
    "haystack.components.embedders.hugging_face_api_text_embedder.HuggingFaceAPITextEmbedder",
    "haystack.components.embedders.mock_document_embedder.MockDocumentEmbedder",
    "haystack.components.embedders.mock_text_embedder.MockTextEmbedder",
    "haystack.components.embedders.openai_document_embedder.OpenAIDocumentEmbedder",
    "haystack.components.embedders.openai_text_embedder.OpenAITextEmbedder",
    "haystack.components.evaluators.answer_exact_match.AnswerExactMatchEvaluator",
    "haystack.components.evaluators.context_relevance.ContextRelevanceEvaluator",
    "haystack.components.evaluators.document_map.DocumentMAPEvaluator",
    "haystack.components.evaluators.document_mrr.DocumentMRREvaluator",
    "haystack.components.evaluators.document_ndcg.DocumentNDCGEvaluator",
    "haystack.components.evaluators.document_recall.DocumentRecallEvaluator",
    "haystack.components.evaluators.faithfulness.FaithfulnessEvaluator",
    "haystack.components.evaluators.llm_evaluator.LLMEvaluator",
    "haystack.components.evaluators.sas_evaluator.SASEvaluator",
    "haystack.components.extractors.image.llm_document_content_extractor.LLMDocumentContentExtractor",
    "haystack.components.extractors.llm_metadata_extractor.LLMMetadataExtractor",
    "haystack.components.extractors.regex_text_extractor.RegexTextExtractor",
    "haystack.components.fetchers.link_content.LinkContentFetcher",
    "haystack.components.generators.azure.AzureOpenAIGenerator",
    "haystack.components.generators.chat.azure.AzureOpenAIChatGenerator",
    "haystack.components.generators.chat.azure_responses.AzureOpenAIResponsesChatGenerator",
    "haystack.components.generators.chat.fallback.FallbackChatGenerator",
    "haystack.components.generators.chat.hugging_face_api.HuggingFaceAPIChatGenerator",
    "haystack.components.generators.chat.llm.LLM",
    "haystack.components.generators.chat.mock.MockChatGenerator",
    "haystack.components.generators.chat.openai.OpenAIChatGenerator",
    "haystack.components.generators.chat.openai_responses.OpenAIResponsesChatGenerator",
    "haystack.components.generators.hugging_face_api.HuggingFaceAPIGenerator",
    "haystack.components.generators.hugging_face_local.HuggingFaceLocalGenerator",
    "haystack.components.generators.openai.OpenAIGenerator",
    "haystack.components.generators.openai_dalle.DALLEImageGenerator",
    "haystack.components.generators.openai_image_generator.OpenAIImageGenerator",
    "haystack.components.joiners.answer_joiner.AnswerJoiner",
    "haystack.components.joiners.branch.BranchJoiner",
    "haystack.components.joiners.document_joiner.DocumentJoiner",
    "haystack.components.joiners.list_joiner.ListJoiner",
    "haystack.components.joiners.string_joiner.StringJoiner",
    "haystack.components.preprocessors.csv_document_cleaner.CSVDocumentCleaner",
    "haystack.components.preprocessors.csv_document_splitter.CSVDocumentSplitter",
    "haystack.components.preprocessors.document_cleaner.DocumentCleaner",
    "haystack.components.preprocessors.document_splitter.DocumentSplitter",
    "haystack.components.preprocessors.embedding_based_document_splitter.EmbeddingBasedDocumentSplitter",
    "haystack.components.preprocessors.hierarchical_document_splitter.HierarchicalDocumentSplitter",
    "haystack.components.preprocessors.markdown_header_splitter.MarkdownHeaderSplitter",
    "haystack.components.preprocessors.python_code_splitter.PythonCodeSplitter",
    "haystack.components.preprocessors.recursive_splitter.RecursiveDocumentSplitter",
    "haystack.components.preprocessors.text_cleaner.TextCleaner",
    "haystack.components.query.query_expander.QueryExpander",
    "haystack.components.rankers.hugging_face_tei.HuggingFaceTEIRanker",
    "haystack.components.rankers.llm_ranker.LLMRanker",
    "haystack.components.rankers.lost_in_the_middle.LostInTheMiddleRanker",
    "haystack.components.rankers.meta_field.MetaFieldRanker",
    "haystack.components.rankers.meta_field_grouping_ranker.MetaFieldGroupingRanker",
    "haystack.components.rankers.transformers_similarity.TransformersSimilarityRanker",
    "haystack.components.retrievers.auto_merging_retriever.AutoMergingRetriever",
    "haystack.components.retrievers.filter_retriever.FilterRetriever",
    "haystack.components.retrievers.in_memory.bm25_retriever.InMemoryBM25Retriever",
    "haystack.components.retrievers.in_memory.embedding_retriever.InMemoryEmbeddingRetriever",
    "haystack.components.retrievers.multi_query_embedding_retriever.MultiQueryEmbeddingRetriever",
    "haystack.components.retrievers.multi_query_text_retriever.MultiQueryTextRetriever",
    "haystack.components.retrievers.multi_retriever.MultiRetriever",
    "haystack.components.retrievers.sentence_window_retriever.SentenceWindowRetriever",
    "haystack.components.retrievers.text_embedding_retriever.TextEmbeddingRetriever",
    "haystack.components.routers.conditional_router.ConditionalRouter",
    "haystack.components.routers.document_length_router.DocumentLengthRouter",
    "haystack.components.routers.document_type_router.DocumentTypeRouter",
    "haystack.components.routers.file_type_router.FileTypeRouter",
    "haystack.components.routers.llm_messages_router.LLMMessagesRouter",
    "haystack.components.routers.metadata_router.MetadataRouter",
    "haystack.components.routers.text_language_router.TextLanguageRouter",
    "haystack.components.samplers.top_p.TopPSampler",
    "haystack.components.tools.tool_invoker.ToolInvoker",
    "haystack.components.validators.json_schema.JsonSchemaValidator",
    "haystack.components.websearch.searchapi.SearchApiWebSearch",
    "haystack.components.websearch.serper_dev.SerperDevWebSearch",
    "haystack.components.writers.document_writer.DocumentWriter",
    "haystack.core.super_component.super_component.SuperComponent",
};
// clang-format on

}  // namespace

std::string_view name_in_haystack_2(std::string_view type) {
  const auto* const found = std::ranges::find(renamed, type, &Renamed::in_3);
  return found == std::end(renamed) ? std::string_view() : found->in_2;
}

std::vector<std::string_view> haystack_types() {
  std::vector<std::string_view> all(std::begin(others), std::end(others));
  for (const auto& [in_2, in_3] : renamed) {
    all.push_back(in_2);
    all.push_back(in_3);
  }
  return all;
}

}  // namespace berth
