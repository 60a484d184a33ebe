#!/usr/bin/env python3
"""How the time of `berth plan` as a whole process grows with the layers of a model and the devices of a machine.

    bench/plan_sizes.py [--berth build/bin/berth] [--rounds 3]
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import plan_peers

HERE = pathlib.Path(__file__).resolve().parent


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--berth", default="build/bin/berth")
    options.add_argument("--rounds", type=int, default=3)
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for layers, machine in ((125, "cpu:4096GiB,cuda:4x80GiB"), (250, "cpu:4096GiB,cuda:4x80GiB"),
                                (500, "cpu:4096GiB,cuda:4x80GiB"), (1000, "cpu:4096GiB,cuda:4x80GiB"),
                                (1000, "cpu:4096GiB,cuda:1000x80GiB")):
            model = f"{folder}/{layers}.gguf"
            subprocess.run([sys.executable, HERE / "large_header.py", model, str(layers)], check=True)
            times = [plan_peers.measured([options.berth, "plan", model, "--context", "8192", "--simulate", machine,
                                          "--json"]) for _ in range(options.rounds)]
            print(f"{layers} layers, {machine}: {min(wall for wall, _ in times):.0f} ms on the clock, "
                  f"{min(used for _, used in times):.0f} ms of processor time (least of {options.rounds})")


if __name__ == "__main__":
    main()
