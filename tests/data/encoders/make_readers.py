"""What Haystack's readers, extractors and routers answer with the tiny encoders: make_readers.py > readers.json, with
haystack-ai 2.31.0, transformers 4.57.6 and torch 2.15.0."""

import copy
import json
import logging
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.simplefilter("ignore")
import haystack
import transformers
from haystack import Document, ExtractedAnswer
from haystack.components.classifiers import TransformersZeroShotDocumentClassifier
from haystack.components.extractors import NamedEntityExtractor
from haystack.components.readers import ExtractiveReader
from haystack.components.routers import TransformersTextRouter, TransformersZeroShotTextRouter
from haystack.utils import ComponentDevice

logging.disable(logging.CRITICAL)
transformers.logging.set_verbosity_error()
folder = Path(tempfile.mkdtemp())
for model in ["bert_qa", "bert_ner", "bert_nli"]:  # as transformers wants them: added tokens with all their fields
    shutil.copytree(Path(__file__).parent / model, folder / model)
    tokenizer = json.loads((folder / model / "tokenizer.json").read_text())
    for token in tokenizer["added_tokens"]:
        token.update(single_word=False, lstrip=False, rstrip=False, normalized=False)
    (folder / model / "tokenizer.json").write_text(json.dumps(tokenizer))
cpu = ComponentDevice.from_str("cpu")
cases = []


def plain(value):
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, ExtractedAnswer):
        span = value.document_offset
        return {"query": value.query, "data": value.data, "score": value.score, "meta": value.meta,
                "document": value.document and value.document.id, "start": span and span.start, "end": span and span.end}
    if isinstance(value, Document):
        return {"id": value.id, "content": value.content, "meta": plain(value.meta)}
    if hasattr(value, "entity"):
        return {"entity": value.entity, "start": value.start, "end": value.end, "score": float(value.score)}
    return value.item() if hasattr(value, "item") else value


def case(component, model, init, **inputs):
    made = component(model=str(folder / model), device=cpu, **copy.deepcopy(init))
    entry = {"type": f"{component.__module__}.{component.__name__}", "model": model, "init": init, "inputs": plain(inputs)}
    entry["outputs"] = plain(made.run(**inputs))
    cases.append(entry)


texts = ["Berlin is the capital of Germany. Paris is the capital of France!", "Two ships load three cranes in the harbour: what?",
         "A cat, a dog. Snow\frain, snowing; the red city of berth \u00e9 where the ship is.", "rain"]
documents = [Document(content=text, id=str(i), meta={"page_number": 3} if i == 2 else {}) for i, text in enumerate(texts)]
for init in [{}, {"top_k": 3}, {"top_k": 2, "no_answer": False}, {"overlap_threshold": None, "top_k": 7},
             {"overlap_threshold": 0.5}, {"calibration_factor": 2.0, "score_threshold": 0.4}, {"answers_per_seq": 3},
             {"max_seq_length": 14, "stride": 4}, {"max_seq_length": 12, "stride": 0, "top_k": 9, "answers_per_seq": 2}]:
    case(ExtractiveReader, "bert_qa", {"max_seq_length": 40, "stride": 8, **init}, query="What is the capital?", documents=documents)
case(ExtractiveReader, "bert_qa", {"max_seq_length": 40, "stride": 8}, query="where", documents=documents + documents[:1], top_k=5,
     no_answer=False, overlap_threshold=0.3, answers_per_seq=4, score_threshold=0.2)
case(ExtractiveReader, "bert_qa", {}, query="where", documents=[])

for init in [{}, {"pipeline_kwargs": {"ignore_labels": ["neutral"]}}]:
    case(NamedEntityExtractor, "bert_ner", {"backend": "hugging_face", **init},
         documents=documents + [Document(content="", id="empty"), Document(content=None, id="none")])

for labels in [["query", "city"], ["rain", "snow", "sail", "cat"], ["ship"]]:
    for more in [{}, {"multi_label": True}]:
        for text in texts:
            case(TransformersZeroShotTextRouter, "bert_nli", {"labels": labels, **more}, text=text)
        case(TransformersZeroShotDocumentClassifier, "bert_nli", {"labels": labels, **more}, documents=documents)
case(TransformersZeroShotDocumentClassifier, "bert_nli", {"labels": ["rain", "snow"], "classification_field": "text",
     "huggingface_pipeline_kwargs": {"hypothesis_template": "the {} is in a city"}},
     documents=[Document(content=None, id="x", meta={"text": "A red ship."})])
for text in texts:
    case(TransformersTextRouter, "bert_nli", {}, text=text)

lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in cases)
sys.stdout.write(f'{{"haystack": "{haystack.__version__}", "transformers": "{transformers.__version__}", "cases": [\n{lines}\n]}}\n')
