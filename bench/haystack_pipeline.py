#!/usr/bin/env python3
"""What bench/pipeline_bench.cpp times, with Haystack: what a pipeline costs for each component that it runs, where the
components do next to nothing, and reading and writing the file of a pipeline of many components.

  bench/haystack_pipeline.py [path of pipeline_bench]

BERTH_PEER_PYTHON names an interpreter that has Haystack (default: python3). Prints processor time, of runs that for one
component: the median of the repetitions, and the quickest and slowest of them.
"""
import pathlib
import sys
import tempfile

import side_by_side

PEER = r'''
import json, time
from typing import Optional
from haystack import Pipeline, component, __version__ as version
from haystack.core.component.types import GreedyVariadic, Variadic

@component
class Add:
    def __init__(self, add: int = 1):
        self.add = add
    @component.output_types(result=int)
    def run(self, value: int, add: Optional[int] = None):
        return {"result": value + (self.add if add is None else add)}

@component
class Sum:
    @component.output_types(total=int)
    def run(self, values: Variadic[int]):
        return {"total": sum(values)}

@component
class Joiner:
    @component.output_types(value=int)
    def run(self, values: GreedyVariadic[int]):
        return {"value": values[0]}

@component
class Threshold:
    def __init__(self, threshold: int):
        self.threshold = threshold
    @component.output_types(below=int, above=int)
    def run(self, value: int):
        return {"below" if value < self.threshold else "above": value}

def chain(count):
    pipeline = Pipeline()
    for i in range(count):
        pipeline.add_component(f"c{i}", Add())
        if i > 0:
            pipeline.connect(f"c{i - 1}.result", f"c{i}.value")
    return pipeline, {"c0": {"value": 1}}, count

def fan(count):
    pipeline = Pipeline()
    pipeline.add_component("first", Add())
    pipeline.add_component("sum", Sum())
    for i in range(count):
        pipeline.add_component(f"c{i}", Add())
        pipeline.connect("first.result", f"c{i}.value")
        pipeline.connect(f"c{i}.result", "sum.values")
    return pipeline, {"first": {"value": 1}}, count + 2

def loop(rounds):
    pipeline = Pipeline()
    pipeline.add_component("joiner", Joiner())
    pipeline.add_component("add", Add())
    pipeline.add_component("threshold", Threshold(rounds))
    pipeline.connect("joiner", "add.value")
    pipeline.connect("add", "threshold")
    pipeline.connect("threshold.below", "joiner")
    return pipeline, {"joiner": {"values": 0}}, 3 * rounds

def timed(call, repetitions, each=1):
    times = []
    for _ in range(repetitions):
        start = time.process_time()
        call()
        times.append((time.process_time() - start) * 1e6 / each)
    return times

times = {}
for kind, make, sizes in [("chain", chain, [1, 10, 100]), ("fan", fan, [10, 100]), ("loop", loop, [90])]:
    for size in sizes:
        pipeline, data, runs = make(size)
        pipeline.run(data)  # the first run warms up
        times[f"run a {kind} of {size}"] = timed(lambda: pipeline.run(data), 5, runs)
for size in [100, 1000]:
    text = open(f"{sys.argv[1]}/haystack-{size}.yaml").read()
    times[f"load a file of {size}"] = timed(lambda: Pipeline.loads(text), 3)
    pipeline = Pipeline.loads(text)
    times[f"dump a file of {size}"] = timed(pipeline.dumps, 3)
print(json.dumps({"version": version, "python": sys.version.split()[0], "times": times}))
'''


def text_of(count, module):
    """The file of a chain of `count`, of which each fifth sends to a sum as well."""
    components = [f"  c{i}:\n    init_parameters:\n      add: {i}\n    type: {module}.Add\n" for i in range(count)]
    connections = [f"- receiver: c{i + 1}.value\n  sender: c{i}.result\n" for i in range(count - 1)]
    connections += [f"- receiver: sum.values\n  sender: c{i}.result\n" for i in range(0, count, 5)]
    return ("components:\n" + "".join(components) + f"  sum:\n    init_parameters: {{}}\n    type: {module}.Sum\n"
            "connection_type_validation: true\nconnections:\n" + "".join(connections) +
            "max_runs_per_component: 100\nmetadata: {}\n")


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "build/bin/pipeline_bench"
    side_by_side.print_machine()
    with tempfile.TemporaryDirectory() as folder:
        for count in [100, 1000, 10_000]:
            pathlib.Path(folder, f"{count}.yaml").write_text(text_of(count, "berth.test"))
            pathlib.Path(folder, f"haystack-{count}.yaml").write_text(text_of(count, "__main__"))
        own = side_by_side.berth(program, {"BERTH_BENCH_PIPELINES": folder})
        others = side_by_side.haystack(PEER, folder)["times"]
    side_by_side.compare(own, others)


if __name__ == "__main__":
    main()
