#!/usr/bin/env python3
"""What bench/vocabulary_bench.cpp times, with Haystack, and how many times faster Berth is.

  bench/haystack_vocabulary.py [path of vocabulary_bench]

BERTH_PEER_PYTHON names an interpreter that has Haystack (default: python3). Prints microseconds of processor time:
the median of 9 repetitions, and the quickest and slowest of them.
"""
import json
import os
import platform
import statistics
import subprocess
import sys

PEER = r'''
import json, sys, time, timeit
try:
    from haystack import __version__ as version
    from haystack.utils.device import Device, DeviceMap
except ImportError as problem:
    print(json.dumps({"missing": str(problem)}))
    sys.exit()
texts = ["cpu", "cuda:0", "cuda:15", "xpu:1"]
dictionary = {f"model.layers.{i}": f"cuda:{i // 10}" for i in range(80)}
text = json.dumps(dictionary)

def from_str():
    for one in texts:
        Device.from_str(one)

def from_dict_to_dict():
    DeviceMap.from_dict(dictionary).to_dict()

def from_json_to_json():
    json.dumps(DeviceMap.from_dict(json.loads(text)).to_dict())

def measure(call, calls, each=1):
    return [seconds / calls / each * 1e6 for seconds in timeit.repeat(call, timer=time.process_time, number=calls, repeat=9)]

print(json.dumps({"version": version, "python": sys.version.split()[0], "times": {
    "Device::from_str": measure(from_str, 5000, each=len(texts)),
    "DeviceMap::from_dict + to_dict, 80 entries": measure(from_dict_to_dict, 200),
    "the same from and to JSON text": measure(from_json_to_json, 200)}}))
'''


def peer():
    python = os.environ.get("BERTH_PEER_PYTHON", "python3")
    answer = json.loads(subprocess.run([python, "-c", PEER], check=True, capture_output=True, text=True).stdout)
    if "missing" in answer:
        print(f"Haystack: not installed for {os.path.basename(python)} ({answer['missing']}); "
              "name another interpreter in BERTH_PEER_PYTHON")
        return {}
    print(f"Haystack {answer['version']}, Python {answer['python']}")
    return answer["times"]


def berth(program):
    out = subprocess.run([program, "--benchmark_format=json", "--benchmark_repetitions=9",
                          "--benchmark_report_aggregates_only=false"], check=True, capture_output=True, text=True).stdout
    times = {}
    for run in json.loads(out)["benchmarks"]:
        if run.get("error_occurred"):
            sys.exit(f"{run['name']}: {run['error_message']}")
        if run["run_type"] == "iteration":
            times.setdefault(run["run_name"], []).append(run["cpu_time"] / 1000)  # ns
    return times


def line(times):
    return f"{statistics.median(times):10.3f} us  ({min(times):.3f} to {max(times):.3f})"


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "build/bin/vocabulary_bench"
    print(f"{platform.machine()}, {os.cpu_count()} cores; {' '.join(sys.argv)}")
    own = berth(program)
    others = peer()
    for name, times in own.items():
        print(f"{name}\n  Berth    {line(times)}")
        if name in others:
            ratio = statistics.median(others[name]) / statistics.median(times)
            print(f"  Haystack {line(others[name])}\n  {ratio:.0f} times faster")


if __name__ == "__main__":
    main()
