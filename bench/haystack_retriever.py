#!/usr/bin/env python3
"""What bench/retriever_bench.cpp times, with Haystack: BM25 over 10,000 documents; how many times faster Berth is, and
whether the rankings are the same.

  bench/haystack_retriever.py [path of retriever_bench]

The documents are of words drawn by Zipf's law with a fixed seed, about 120 each; the 100 queries have 3 to 8 words.
BERTH_PEER_PYTHON names an interpreter that has Haystack (default: python3). Prints processor time: the median of the
repetitions, and the quickest and slowest of them.
"""
import json
import pathlib
import random
import sys
import tempfile

import side_by_side

PEER = r'''
import json, time
from haystack import Document, __version__ as version
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
given = json.load(open(sys.argv[1]))
documents = [Document(**one) for one in given["documents"]]

def timed(call):
    start = time.process_time()
    result = call()
    return result, (time.process_time() - start) * 1e6

times, rankings = {"write all documents": []}, {}
for algorithm in ["BM25Okapi", "BM25L", "BM25Plus"]:
    store = InMemoryDocumentStore(bm25_algorithm=algorithm)
    times["write all documents"].append(timed(lambda: store.write_documents(documents))[1])
    retriever = InMemoryBM25Retriever(store)
    answers = [timed(lambda: retriever.run(query=query)["documents"]) for query in given["queries"]]
    times[f"a query, {algorithm}"] = [time for _, time in answers]
    rankings[algorithm] = [[[one.id, one.score] for one in found] for found, _ in answers]
print(json.dumps({"version": version, "python": sys.version.split()[0], "times": times, "rankings": rankings}))
'''


def make_input():
    draw = random.Random(1)
    vocabulary = [f"w{i}" for i in range(20_000)]
    weights = [1 / (i + 1) for i in range(len(vocabulary))]
    texts = [draw.choices(vocabulary, weights, k=draw.randrange(40, 200)) for _ in range(10_000)]
    queries = [draw.choices(vocabulary, weights, k=draw.randrange(3, 9)) for _ in range(100)]
    return {"documents": [{"id": str(i), "content": " ".join(words)} for i, words in enumerate(texts)],
            "queries": [" ".join(words) for words in queries]}


def differences(own, other):
    """How many of the rankings are not the same documents in the same order with the same scores."""
    def same(a, b):
        return [one[0] for one in a] == [one[0] for one in b] and all(abs(x[1] - y[1]) < 1e-9 for x, y in zip(a, b))
    return sum(not same(a, b) for a, b in zip(own, other, strict=True))


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "build/bin/retriever_bench"
    side_by_side.print_machine("10000 documents, 100 queries")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "input.json")
        path.write_text(json.dumps(make_input()))
        own = side_by_side.berth(program, {"BERTH_BENCH_RETRIEVAL": str(path), "BERTH_BENCH_RANKINGS": folder})
        peer = side_by_side.haystack(PEER, str(path))
        wrong = {name: differences(json.loads(pathlib.Path(folder, f"{name}.json").read_text()), theirs)
                 for name, theirs in peer.get("rankings", {}).items()}
    side_by_side.compare(own, peer["times"])
    for name, count in wrong.items():
        print(f"{name}: {'the same rankings' if count == 0 else f'{count} rankings differ'}")
    sys.exit(any(wrong.values()))


if __name__ == "__main__":
    main()
