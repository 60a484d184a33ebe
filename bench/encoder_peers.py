#!/usr/bin/env python3
"""Texts a second of all-MiniLM-L6-v2 in Berth, in float32 and int8, and in sentence-transformers, in alternating rounds.

    bench/encoder_peers.py --python PYTHON MODEL [--rounds_program build/bin/encoder_rounds] [--rounds 5]

PYTHON is one that has sentence-transformers; MODEL is the model's folder. 256 texts of 10 to 200 words; each side makes
tokens of them itself, in batches as it likes. Also what differs, and how long a process takes from its start to one
embedding.
"""
import argparse
import json
import math
import pathlib
import random
import re
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent

PEER = """
import json, sys, time
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(sys.argv[1], device="cpu")
texts = json.load(open(sys.argv[2]))
for i, line in enumerate(sys.stdin):
    start = time.perf_counter()
    result = model.encode(texts, batch_size=32, show_progress_bar=False)
    print(time.perf_counter() - start, flush=True)
    if i == 0:
        json.dump(result.tolist(), open(sys.argv[3], "w"))
"""

ONE = """
import sys
from sentence_transformers import SentenceTransformer
SentenceTransformer(sys.argv[1], device="cpu").encode(["two ships"], show_progress_bar=False)
"""


def make_texts():
    words = re.findall(r"[A-Za-z]+", "".join(page.read_text() for page in sorted((HERE.parent / "docs").glob("*.md"))))
    choice = random.Random(1)
    texts = []
    for _ in range(256):
        length = choice.randint(10, 200)
        start = choice.randrange(len(words) - length)
        texts.append(" ".join(words[start:start + length]))
    return texts


def cosines(expected, found):
    for a, b in zip(expected, found):
        yield sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("model")
    options.add_argument("--python", required=True)
    options.add_argument("--rounds_program", default="build/bin/encoder_rounds")
    options.add_argument("--berth", default="build/bin/berth")
    options.add_argument("--rounds", type=int, default=5)
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        texts = f"{folder}/texts.json"
        pathlib.Path(texts).write_text(json.dumps(make_texts()))
        sides = {"sentence-transformers": [options.python, "-c", PEER, options.model, texts, f"{folder}/peer.json"]}
        for precision in ("float32", "int8"):
            sides[f"Berth {precision}"] = [options.rounds_program, options.model, precision, texts,
                                           f"{folder}/{precision}.json"]
        running = {name: subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                   for name, command in sides.items()}
        seconds = {name: [] for name in sides}
        for _ in range(options.rounds + 1):  # the first warms up
            for name, process in running.items():
                process.stdin.write("go\n")
                process.stdin.flush()
                seconds[name].append(float(process.stdout.readline()))
        peak = {}
        for name, process in running.items():
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            peak[name] = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
            process.communicate()
        expected = json.loads(pathlib.Path(f"{folder}/peer.json").read_text())
        base = statistics.median(seconds["sentence-transformers"][1:])
        for name, all_s in seconds.items():
            median = statistics.median(all_s[1:])
            print(f"{name}: {256 / median:.0f} texts/s ({256 / max(all_s[1:]):.0f} to {256 / min(all_s[1:]):.0f}), "
                  f"{base / median:.2f} times, {peak[name]:.0f} MiB at the peak")
        for precision in ("float32", "int8"):
            found = json.loads(pathlib.Path(f"{folder}/{precision}.json").read_text())
            error = max(abs(x - y) for a, b in zip(expected, found) for x, y in zip(a, b))
            all_cosines = list(cosines(expected, found))
            print(f"{precision}: largest difference of a number {error:.1e}; cosine {min(all_cosines):.5f} at least, "
                  f"{statistics.mean(all_cosines):.5f} in the mean")
    starts = {"Berth": [options.berth, "embed", options.model],
              "sentence-transformers": [options.python, "-c", ONE, options.model]}
    for name, command in starts.items():
        times = []
        for _ in range(3):
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, input=b"two ships\n")
            times.append(time.perf_counter() - start)
        print(f"{name}: {min(times):.2f} s from its start to one embedding (least of 3)")


if __name__ == "__main__":
    main()
