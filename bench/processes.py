#!/usr/bin/env python3
"""Whole processes, each beside its peer in the same run: tokens per second against llama-bench, on an idle machine and beside
programs that want its processors; time from the start of the process to the first token against Haystack with
transformers; that of a file which has not answered before against the same file later; time of `berth devices` against
`import torch`.

    bench/processes.py [--rounds N] [--llama-bench PATH]

Berth's binary is build/bin/berth. Peers that are not installed are named and left out: BERTH_PEER_PYTHON is a Python
with haystack-ai, transformers, torch and gguf (default python3).
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BERTH = ROOT / "build/bin/berth"
PYTHON = os.environ.get("BERTH_PEER_PYTHON", "python3")
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
STORY = "Once upon a time"
START = "The capital of France is"
QUESTION = "Why is the sky blue?"


def default_model():
    models = sorted((CACHE / "berth/models/smollm2").rglob("*.gguf"))
    if not models:
        sys.exit("the default model is not here; get it by `make model`")
    return models[0]


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def spread(values, unit):
    return f"median {statistics.median(values):.4g} {unit} ({min(values):.4g} to {max(values):.4g}, {len(values)} runs)"


def peer_has(*modules):
    command = [PYTHON, "-c", "import importlib.util as u, sys; sys.exit(any(u.find_spec(m) is None for m in sys.argv[1:]))"]
    return subprocess.run(command + list(modules), capture_output=True).returncode == 0


@contextlib.contextmanager
def other_programs(count):
    """So many that compute all the time."""
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def tokens_per_second(rounds, llama_bench, tokens=128, others=0):
    print(f"\n## Generation: {tokens} tokens, greedy, against llama-bench of the same build, beside {others} other programs")
    ours = [BERTH, "run", default_model(), "--raw", "-p", STORY, "--max-new-tokens", str(tokens), "--json"]
    threads = str(len(os.sched_getaffinity(0)))
    theirs = [llama_bench, "-m", default_model(), "-p", "0", "-n", str(tokens), "-r", "1", "-t", threads, "-o", "json"]
    print("berth:      ", *ours[1:], "\nllama-bench:", *(theirs[1:] if llama_bench else ["not given (--llama-bench)"]))
    speeds, peers = [], []
    with other_programs(others):
        for _ in range(rounds):
            meta = json.loads(subprocess.run(ours, check=True, capture_output=True).stdout)["meta"]
            if meta["generated_tokens"] != tokens:
                sys.exit(f"the answer ended after {meta['generated_tokens']} tokens; {tokens} are needed to compare")
            speeds.append(meta["tokens_per_second"])
            if llama_bench:
                peers.append(json.loads(subprocess.run(theirs, check=True, capture_output=True).stdout)[0]["avg_ts"])
    print("berth:      ", spread(speeds, "tokens/s"))
    if peers:
        print("llama-bench:", spread(peers, "tokens/s"))
        print("berth / llama-bench, pair by pair:", spread([a / b for a, b in zip(speeds, peers)], ""))


def seconds_to_first_output(command, environment=None):
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as process:
        first = process.stdout.read(1)
        seconds = time.perf_counter() - started
        process.stdout.read()
    if process.returncode != 0 or not first:
        sys.exit(f"failed: {command}")
    return seconds


def first_token(rounds):
    print("\n## From the start of the process to the first token")
    plain = [BERTH, "run", "smollm2", "--raw", "-p", START, "--max-new-tokens", "2", "--stream"]
    chat = [BERTH, "run", "smollm2", "-p", QUESTION, "--max-new-tokens", "2", "--stream"]
    theirs = [PYTHON, ROOT / "bench/haystack_first_token.py", default_model(), START]
    has_peer = peer_has("haystack", "transformers", "torch", "gguf")
    for command in (plain, chat):
        print("berth:   ", *command[1:])
        print("         ", spread([seconds_to_first_output(command) for _ in range(2 * rounds)], "s"))
    if has_peer:
        offline = dict(os.environ, HF_HUB_OFFLINE="1", HAYSTACK_TELEMETRY_ENABLED="False")
        print("Haystack: haystack_first_token.py", *theirs[2:])
        print("         ", spread([seconds_to_first_output(theirs, offline) for _ in range(min(rounds, 3))], "s"))
    else:
        print(f"Haystack: {PYTHON} has no haystack, transformers, torch and gguf")


def unchecked_file(rounds):
    """A file that has not answered yet runs in a process of its own, once."""
    print("\n## From the start of the process to the first token, a file that has not answered before and the same file later")
    first, later = [], []
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        file = pathlib.Path(folder, "any.gguf")
        os.link(default_model(), file)
        command = [BERTH, "run", file, "--raw", "-p", START, "--max-new-tokens", "2", "--stream"]
        print("berth:   ", *command[1:])
        for number in range(2 * rounds):
            own_cache = dict(os.environ, XDG_CACHE_HOME=os.path.join(folder, str(number)))
            first.append(seconds_to_first_output(command, own_cache))
            later.append(seconds_to_first_output(command, own_cache))
    print("first:   ", spread(first, "s"))
    print("later:   ", spread(later, "s"))
    print("pair by pair:", spread([1000 * (a - b) for a, b in zip(first, later)], "ms more"))


def seconds(command):
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def devices(rounds):
    print("\n## What devices are here, as a whole process")
    print("berth devices:                ", spread([seconds([BERTH, "devices"]) for _ in range(4 * rounds)], "s"))
    if peer_has("torch"):
        theirs = [PYTHON, "-c", "import torch; torch.cuda.is_available()"]
        print("torch.cuda.is_available():    ", spread([seconds(theirs) for _ in range(rounds)], "s"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--llama-bench", help="a llama-bench of the same build, see bench/build_llama_bench.sh")
    arguments = parser.parse_args()
    version = subprocess.run([BERTH, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    print(f"{processor()}, {len(os.sched_getaffinity(0))} processors; {version}; {arguments.rounds} rounds")
    tokens_per_second(arguments.rounds, arguments.llama_bench)
    for others in (1, 2):
        tokens_per_second(arguments.rounds, arguments.llama_bench, tokens=48, others=others)
    first_token(arguments.rounds)
    unchecked_file(arguments.rounds)
    devices(arguments.rounds)


if __name__ == "__main__":
    main()
