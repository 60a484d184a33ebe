#!/usr/bin/env python3
"""`berth plan` as a whole process against what llama-fit-params does, on the header of a model of 126 layers.

    bench/plan_peers.py [--berth build/bin/berth] [--worker build/bin/rpc_test_worker] [--rounds 5]

llama-fit-params asks four workers on loopback for their memory, which they have to be there for; Berth plans for four
simulated GPUs. The peer is linked of the objects that tests/remote/llama_server/build.sh left in the cache.
"""
import argparse
import os
import pathlib
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "berth"


def build_fit(target):
    root = next(iter(sorted(CACHE.glob("llama.cpp-*/"))), None)
    common = root / "llama-server/llama.cpp/common" if root else None
    engine = next((path.parent for path in root.glob("*/lib/libllama.a")), None) if root else None
    if not engine or not (common / "libllama-common.a").exists():
        sys.exit("There is no built llama-server in the cache: tests/remote/llama_server/build.sh makes it")
    source = root / "src"
    libraries = [common / "libllama-common.a", common / "libllama-common-base.a"]
    libraries += [engine / f"lib{name}.a" for name in ("llama", "ggml", "ggml-cpu", "ggml-rpc", "ggml-base")]
    subprocess.run(["g++", "-O2", "-std=c++17", f"-I{source}/common", f"-I{source}/include", f"-I{source}/ggml/include",
                    HERE / "llama_fit.cpp", "-o", target, *libraries, "-lgomp", "-lpthread", "-ldl", "-lssl",
                    "-lcrypto"], check=True)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def measured(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall * 1e3, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--berth", default="build/bin/berth")
    options.add_argument("--worker", default="build/bin/rpc_test_worker")
    options.add_argument("--rounds", type=int, default=5)
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model, fit = f"{folder}/large.gguf", f"{folder}/llama_fit"
        subprocess.run([sys.executable, HERE / "large_header.py", model], check=True)
        build_fit(fit)
        addresses = [f"127.0.0.1:{free_port()}" for _ in range(4)]
        workers = [subprocess.Popen([options.worker, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                   for address in addresses]
        try:
            time.sleep(1)
            commands = {"berth plan": [options.berth, "plan", model, "--context", "8192", "--simulate",
                                       "cpu:256GiB,cuda:4x80GiB", "--json"],
                        "llama-fit-params": [fit, model, *addresses]}
            rounds = {name: [] for name in commands}
            for _ in range(options.rounds):
                for name, command in commands.items():
                    rounds[name].append(measured(command))
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
    for name, all_ms in rounds.items():
        wall, processor = zip(*all_ms)
        print(f"{name}: processor time {statistics.median(processor):.0f} ms ({min(processor):.0f} to "
              f"{max(processor):.0f}), on the clock {statistics.median(wall):.0f} ms ({min(wall):.0f} to {max(wall):.0f})")


if __name__ == "__main__":
    main()
