#!/usr/bin/env python3
"""What bench/vocabulary_bench.cpp times, with Haystack, and how many times faster Berth is.

  bench/haystack_vocabulary.py [path of vocabulary_bench]

BERTH_PEER_PYTHON names an interpreter that has Haystack (default: python3). Prints processor time: the median of 9
repetitions, and the quickest and slowest of them.
"""
import sys

import side_by_side

PEER = r'''
import json, time, timeit
from haystack import __version__ as version
from haystack.utils.device import Device, DeviceMap
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


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "build/bin/vocabulary_bench"
    side_by_side.print_machine()
    side_by_side.compare(side_by_side.berth(program), side_by_side.haystack(PEER)["times"])


if __name__ == "__main__":
    main()
