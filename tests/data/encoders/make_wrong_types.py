"""What Haystack's components with an encoder answer to inputs of a wrong type: make_wrong_types.py > wrong_types.json, with
haystack-ai 2.31.0. No model is loaded."""

import copy
import json

from haystack.components.classifiers import TransformersZeroShotDocumentClassifier
from haystack.components.embedders import (SentenceTransformersDocumentEmbedder, SentenceTransformersSparseDocumentEmbedder,
                                           SentenceTransformersSparseTextEmbedder, SentenceTransformersTextEmbedder)
from haystack.components.routers import TransformersTextRouter, TransformersZeroShotTextRouter
from haystack.utils import ComponentDevice

cpu = ComponentDevice.from_str("cpu")
routes = {"huggingface_pipeline_kwargs": {"task": "zero-shot-classification"}}
texts = [["a", "b"], None, 3, {"a": 1}, []]
documents = ["a text", ["a text"], None, 3, {"a": 1}, [None], [3, "a"]]
cases = []


def record(component, init, model, name, values):
    made = component(model="m", device=cpu, **copy.deepcopy(init))
    made.pipeline = made.embedding_backend = object()  # as if it were warm
    for value in values:
        try:
            made.run(**{name: value})
            raise AssertionError(f"{component.__name__} took {value}")
        except TypeError as problem:
            cases.append({"type": f"{component.__module__}.{component.__name__}", "init": init, "model": model,
                          "inputs": {name: value}, "message": str(problem)})


labels = {"labels": ["contradiction", "neutral", "entailment"]}
record(SentenceTransformersTextEmbedder, {}, "st_dense", "text", texts)
record(SentenceTransformersDocumentEmbedder, {}, "st_dense", "documents", documents)
record(SentenceTransformersSparseTextEmbedder, {}, "st_splade", "text", texts)
record(SentenceTransformersSparseDocumentEmbedder, {}, "st_splade", "documents", documents)
record(TransformersTextRouter, labels | {"huggingface_pipeline_kwargs": {"task": "text-classification"}}, "bert_nli", "text", texts)
record(TransformersZeroShotTextRouter, labels | routes, "bert_nli", "text", texts)
record(TransformersZeroShotDocumentClassifier, labels | routes, "bert_nli", "documents", documents)
print("[" + ",\n".join(json.dumps(case) for case in cases) + "]")
