#!/usr/bin/env python3
"""What Haystack's InMemoryDocumentStore answers; writes the JSON files beside this script. Needs haystack-ai 2.31."""
import json
import logging
import pathlib
import random
import warnings

from haystack import Document
from haystack.dataclasses import ByteStream, SparseEmbedding
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.document_stores.types import DuplicatePolicy
from haystack.utils.filters import _parse_date, document_matches_filter

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
HERE = pathlib.Path(__file__).parent
RANDOM = random.Random(7)
WORDS = ["the", "a", "Rome", "ROME", "old", "cold", "Straße", "STRASSE", "naïve", "日本語", "x1", "it's", "snake_case", "ΟΔΟΣ", "é",
         "city", "river", "Oslo", "bridge", "stone", "7", "½", "end.", "(note)", "e-mail"]

FILTER_DOCUMENTS = [
    {"id": "1", "content": "one", "meta": {"page": 1, "date": "2020-01-05", "name": "rome", "tags": ["a", "b"]}},
    {"id": "2", "content": "two", "meta": {"page": 2.5, "date": "2021-06-01T10:00:00+02:00", "person": {"name": "Ada", "age": 36}}},
    {"id": "3", "content": None, "meta": {"page": True, "date": "2021-06-01T08:00:00Z", "person": "Ada"}},
    {"id": "4", "content": "", "meta": {"page": None, "name": "", "tags": [], "big": 9007199254740993}},
    {"id": "5", "content": "five", "meta": {}, "embedding": [1.0, 2.0]},
    {"id": "6", "content": "six", "meta": {"page": 0, "nested": {"x": [1, {"y": 2.0}]}, "big": 9007199254740992}},
    {"id": "7", "content": "seven", "meta": {"page": -3, "date": "2019-12-31T23:59:59.999999"}, "score": 0.5},
]


def comparison(field, operator, value):
    return {"field": field, "operator": operator, "value": value}


def all_filters():
    values = [None, 1, 1.0, True, 2.5, 0, False, "rome", "", [], ["a", "b"], [1, 2.5], {"name": "Ada", "age": 36.0}, "one", "2021-06-01T08:00:00Z",
              "2020-01-05", 9007199254740992, 9007199254740992.0, 9007199254740993]
    fields = ["meta.page", "page", "meta.date", "meta.name", "meta.person.name", "meta.person", "meta.tags", "meta.none", "content", "score",
              "meta.big", "embedding", "meta.nested.x", "content.x", "meta"]
    operators = ["==", "!=", ">", ">=", "<", "<=", "in", "not in"]
    for field in fields[:10]:
        for operator in operators:
            for value in RANDOM.sample(values, 3):
                yield comparison(field, operator, value)
    for operator in operators[:6]:
        for value in values[-3:]:
            yield comparison("meta.big", operator, value)
    yield comparison("embedding", "==", [1, 2])
    yield comparison("meta.nested.x", "==", [True, {"y": 2}])
    yield comparison("content.x", "==", None)
    yield comparison("meta", "==", {})
    yield comparison("meta.page", "in", [None, 2.5])
    one, two = comparison("meta.page", ">", 0), comparison("meta.name", "==", "rome")
    for operator in ["AND", "OR", "NOT"]:
        for conditions in [[], [one], [one, two], [one, {"operator": "NOT", "conditions": [two]}]]:
            yield {"operator": operator, "conditions": conditions}
    # What is wrong shows only where it is reached.
    wrong = comparison("meta.page", "~", 1)
    yield {"operator": "OR", "conditions": [comparison("meta.none", "==", None), wrong]}
    yield {"operator": "AND", "conditions": [comparison("meta.none", "!=", None), wrong]}
    yield {"operator": "AND", "conditions": [one, wrong]}
    yield wrong
    yield {"operator": "XOR", "conditions": [one]}
    yield {"operator": "AND"}
    yield {"conditions": [one]}
    yield {"field": "meta.page", "value": 1}
    yield {"field": "meta.page", "operator": "=="}
    yield {}
    yield {"operator": "AND", "conditions": [{}]}
    yield comparison("nothing.page", "==", 1)


def filters():
    documents = [Document.from_dict(one) for one in FILTER_DOCUMENTS]
    answers = []
    for one in all_filters():
        found = []
        for document in documents:
            try:
                found.append(document_matches_filter(one, document))
            except TypeError:  # Python's own words
                found.append("TypeError")
            except Exception as problem:
                found.append(str(problem))
        answers.append([one, found if len(set(map(str, found))) > 1 else found[:1]])
    return {"documents": FILTER_DOCUMENTS, "matches": answers}


def dates():
    texts = ["2020-01-05T", "2020-01-05", "20200105", "2020-W01-7", "2020W017", "2020-W01", "2020-W53-7", "2019-W53-1", "2020-W54", "2020-W00",
             "2020-W01-8", "2020-01-05 10", "2020-01-05T10:30", "2020-01-05T1030", "2020-01-05T103015.5", "2020-01-05T10:30:15,123456789",
             "2020-01-05x10:30", "2020-01-05ü10:30", "2020-01-05T10:30Z", "2020-01-05T10:30z", "2020-01-05T10:30+01", "2020-01-05T10:30-01:30:15.5",
             "2020-01-05T10:30 +01:00", "2020-01-05T24:00", "2020-1-5", "2020-02-30", "0000-01-01", "Jan 5, 2020", "5 Jan 2020", "5-Jan-2020",
             "January 5 2020", "Jan 5th, 2020", "Sun, 05 Jan 2020 10:00:00 +0100", "01/05/2020", "13/05/2020", "05.01.2020", "2020/01/05",
             "2020.01.05", "Jan 5, 2020 3:04 pm", "Jan 5, 2020 3pm", "2020-01-05 10:30:00 UTC", "hello", "", " 2020-01-05 ", "2020-01-05T10:30:60",
             "2020366", "2020-01-05T10:30:00+0130", "20200105T101112Z", "2020-01-05T10:3", "2020-13-05", "2020-01-05T10:30:00+25:00",
             "Jan. 5, 2020", "5th of January 2020", "2020 Jan 5", "2020-Jan-05", "12-25-2020", "25-12-2020", "9999-12-31T23:59:59.999999", "0001-01-01",
             "2020-00-05", "2020-01-00", "2021-02-29", "13/13/2020", "2020-01-05 12am", "2020-01-05 12pm", "2020-01-05 13pm", "2020-01-05 5",
             "Feb 30, 2020", "2020-01-05T10:30:00Zjunk", "abc 2020", "2020-01-05T-1", "31/01/2020 10:00", "Sun Jan  5 10:30:15 2020",
             "Sun Jan 5 10:30:15 UTC 2020", "Sunday, January 5, 2020", "Jan/5/2020", "5/Jan/2020", "5 janvier 2020", "Monnight Jan 5 2020",
             "2020-01-05Z", "20200105T", "Sept 5 2020", "5 sept. 2020", "2020-01-05 3:04:05.678 am"]
    answers = []
    for text in texts:
        try:
            date = _parse_date(text)
            offset = date.utcoffset()
            answers.append([text, date.replace(tzinfo=None).isoformat(), None if offset is None else round(offset.total_seconds() * 1e6)])
        except Exception:
            answers.append([text, None, None])
    return {"dates": answers}


def text():
    return " ".join(RANDOM.choices(WORDS, weights=[1 / (i + 1) for i in range(len(WORDS))], k=RANDOM.randrange(0, 14)))


def bm25():
    cases = []
    for number in range(18):
        parameters = {"bm25_algorithm": ["BM25Okapi", "BM25L", "BM25Plus"][number % 3]}
        if number >= 9:
            parameters["bm25_parameters"] = {"k1": round(RANDOM.uniform(0.5, 3), 2), "b": RANDOM.choice([0, 0.3, 1.0]),
                                             "delta": RANDOM.choice([0, 0.7]), "epsilon": RANDOM.choice([0.1, 1])}
        if number >= 15:
            parameters["bm25_tokenization_regex"] = RANDOM.choice([r"\w+", r"(?u)\b\w\w+\b", r"\S+", r"(\w)\w*", r"(\w)(\w?)"])
        store = InMemoryDocumentStore(**parameters)
        steps = []
        for _ in range(3):
            documents = [{"id": str(RANDOM.randrange(60)), "content": text() or RANDOM.choice([None, ""]), "meta": {"page": RANDOM.randrange(5)}}
                         for _ in range(RANDOM.choice([2, 30]))]
            store.write_documents([Document.from_dict(one) for one in documents], policy=DuplicatePolicy.OVERWRITE)
            steps.append({"write": documents})
            deleted = [str(RANDOM.randrange(60)) for _ in range(RANDOM.choice([0, 15]))]
            store.delete_documents(deleted)
            steps.append({"delete": deleted})
            for _ in range(3):
                query = {"query": text() or "the", "top_k": RANDOM.choice([1, 5, 100]), "scale_score": RANDOM.random() < 0.3}
                if RANDOM.random() < 0.3:
                    query["filters"] = comparison("meta.page", ">", 1)
                try:
                    found = store.bm25_retrieval(**query)
                except ZeroDivisionError:
                    continue
                steps.append({"search": query, "found": [[one.id, one.score] for one in found]})
        cases.append({"parameters": parameters, "steps": steps})
    return {"cases": cases}


def embeddings():
    documents = [{"id": str(i), "content": str(i), "meta": {"page": i % 3},
                  "embedding": None if i % 7 == 3 else [0.0] * 5 if i == 4 else [RANDOM.uniform(-1, 1) for _ in range(5)]} for i in range(25)]
    documents.append({**documents[0], "id": "same as 0"})
    searches = []
    for similarity in ["dot_product", "cosine"]:
        store = InMemoryDocumentStore(embedding_similarity_function=similarity)
        store.write_documents([Document.from_dict(one) for one in documents])
        for scale in [False, True]:
            for filters in [None, comparison("meta.page", "==", 1)]:
                for query in [[RANDOM.uniform(-30, 30) for _ in range(5)], [0.0] * 5]:
                    found = store.embedding_retrieval(query, filters=filters, top_k=12, scale_score=scale)
                    searches.append({"similarity": similarity, "scale_score": scale, "filters": filters, "query": query,
                                     "found": [[one.id, one.score] for one in found]})
    return {"documents": documents, "searches": searches}


def saved_store(path):
    store = InMemoryDocumentStore(index="saved by Haystack", embedding_similarity_function="cosine", bm25_parameters={"k1": 1.25},
                                  return_embedding=False)
    store.write_documents([
        Document(content="Grüße aus Oslo 🚢", meta={"page": 3, "tags": ["a", None], "nested": {"x": 1.5, "y": True}}, embedding=[0.5, 1e-05, -2.0]),
        Document(content="Rome is old.", score=0.25),
        Document(blob=ByteStream(data=b"\x00\xff\n", mime_type="image/png", meta={"name": "dot"}),
                 sparse_embedding=SparseEmbedding(indices=[1, 7], values=[0.5, 0.25])),
        Document(id="own id")])
    store.save_to_disk(str(path))


def write(name, value):
    lines = ",\n".join(f" {json.dumps(key)}: [\n" + ",\n".join("  " + json.dumps(one, ensure_ascii=False) for one in values) + "\n ]"
                       for key, values in value.items())
    (HERE / name).write_text("{\n" + lines + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write("filters.json", filters())
    write("dates.json", dates())
    write("bm25.json", bm25())
    write("embeddings.json", embeddings())
    saved_store(HERE / "saved_store.json")
