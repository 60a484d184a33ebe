#!/usr/bin/env python3
"""How far predicted memory is from what llama.cpp holds, over random changes of invented models and random configurations.

    bench/memory_random.py [--questions 400] [--seed 1] [--models tests/data/architectures/models/*.json]

Each model loses or repeats layers and gets other types, vocabularies, widths of the feed-forward part, key and value heads,
experts and windows; each configuration has another context, batch, cache and placement over the CPU and two workers on
loopback. What llama.cpp refuses is left out. Every question with a difference is printed, so that it can be asked again.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCKS = {"F32": 1, "F16": 1, "BF16": 1, "Q4_0": 32, "Q8_0": 32, "Q5_1": 32, "IQ4_NL": 32, "MXFP4": 32, "Q4_K": 256,
          "Q6_K": 256, "Q5_K": 256, "Q2_K": 256, "IQ3_XXS": 256}


class Engine:
    """bench/memory_answers and its two workers; a failed assertion of llama.cpp ends them, and they are started again."""

    def __init__(self, build):
        self.build = build
        self.start()

    def start(self):
        ends = []
        for _ in range(2):
            with socket.socket() as one:
                one.bind(("127.0.0.1", 0))
                ends.append(f"127.0.0.1:{one.getsockname()[1]}")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.workers = [subprocess.Popen([self.build / "rpc_test_worker", end], **quiet) for end in ends]
        time.sleep(0.5)
        self.asked = subprocess.Popen([self.build / "memory_answers", *ends], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, text=True, env={**os.environ, "GGML_NO_BACKTRACE": "1"})

    def stop(self):
        for process in [self.asked, *self.workers]:
            process.kill()
            process.wait()

    def answer(self, question):
        try:
            self.asked.stdin.write(json.dumps(question) + "\n")
            self.asked.stdin.flush()
            line = self.asked.stdout.readline()
        except BrokenPipeError:
            line = ""
        if line.startswith('{"'):
            return json.loads(line)
        self.stop()
        self.start()
        return {"error": "an assertion of llama.cpp failed"}


class Model:
    def __init__(self, path, chance):
        self.all = json.loads(path.read_text())
        self.chance = chance
        self.changes = []

    def entry(self, key):
        return next((entry for entry in self.all["kv"] if entry[0] == f"{self.all['arch']}.{key}"), None)

    def number(self, key):
        entry = self.entry(key)
        return entry[2] if entry and isinstance(entry[2], int) else None

    def set(self, key, value):
        self.entry(key)[2] = value
        self.changes.append(f"{key}={value}")

    def resize(self, wanted, old, new):
        for tensor in self.all["tensors"]:
            if wanted(tensor[0]):
                tensor[2] = [new if extent == old else extent for extent in tensor[2]]

    def layer_of(self, tensor):
        parts = tensor[0].split(".")
        return int(parts[parts.index("blk") + 1]) if "blk" in parts else None

    def change(self):
        for step in (self.layers, self.vocabulary, self.tie, self.feed_forward, self.experts, self.heads, self.window,
                     self.types):
            if self.chance.random() < 0.5:
                step()
        return self

    def layers(self):
        count = self.number("block_count")
        if self.all["arch"].startswith(("t5", "bert", "nomic")) or any("nextn" in entry[0] for entry in self.all["kv"]):
            return
        of_layer = collections.defaultdict(list)
        for tensor in self.all["tensors"]:
            of_layer[self.layer_of(tensor)].append(tensor)
        shapes = [sorted((name.split(f"blk.{i}.")[1], shape) for name, _, shape in of_layer[i]) for i in range(count)]
        alike = all(each == shapes[0] for each in shapes)
        wanted = self.chance.randint(1, count + 3 if alike else count)
        self.all["tensors"] = of_layer[None] + [
            [name.replace(f"blk.{i % count}.", f"blk.{i}."), kind, shape]
            for i in range(wanted) for name, kind, shape in of_layer[i % count]]
        for entry in self.all["kv"]:
            if isinstance(entry[2], list) and len(entry[2]) == count:
                entry[2] = [entry[2][i % count] for i in range(wanted)]
        self.set("block_count", wanted)

    def vocabulary(self):
        old, new = self.all["vocab_size"], self.chance.choice([1000, 4096, 32064, 50257, 128256])
        self.resize(lambda name: ".blk." not in f".{name}" and not name.startswith(("rope", "position")), old, new)
        self.all["vocab_size"] = new
        self.changes.append(f"vocabulary={new}")

    def tie(self):
        self.all["tensors"] = [tensor for tensor in self.all["tensors"] if tensor[0] != "output.weight"]
        self.changes.append("tied")

    def feed_forward(self):
        for key, part in (("feed_forward_length", lambda name: "ffn" in name and "exp" not in name),
                          ("expert_feed_forward_length", lambda name: "exps" in name)):
            old = self.number(key)
            if not old or any(old in shape for name, _, shape in self.all["tensors"] if not part(name)):
                continue
            new = max(256, int(old * self.chance.choice([0.5, 1.5, 2, 3])) // 256 * 256)
            self.resize(part, old, new)
            self.set(key, new)

    def experts(self):
        old, used = self.number("expert_count"), self.number("expert_used_count")
        if not old or not used or self.number("expert_group_count"):
            return
        new = self.chance.choice([2, 4, 8, 16, 32, 64])
        for name, _, shape in self.all["tensors"]:
            if any(part in name for part in ("exps", "ffn_gate_inp", "exp_probs")) and shape[-1] == old:
                shape[-1] = new
        self.set("expert_count", new)
        self.set("expert_used_count", self.chance.randint(1, min(new, 8)))

    def heads(self):
        heads, old = self.number("attention.head_count"), self.number("attention.head_count_kv")
        if not heads or not old or self.number("attention.kv_lora_rank"):
            return
        each = {"attn_k": self.number("attention.key_length") or self.number("embedding_length") // heads,
                "attn_v": self.number("attention.value_length") or self.number("embedding_length") // heads}
        split = [(shape, each[part]) for part in each for name, _, shape in self.all["tensors"] if f".{part}." in name]
        if not split or any(shape[-1] != old * size for shape, size in split):
            return
        new = self.chance.choice([count for count in range(1, heads + 1) if heads % count == 0])
        for shape, size in split:
            shape[-1] = new * size
        self.set("attention.head_count_kv", new)

    def window(self):
        if self.number("attention.sliding_window"):
            self.set("attention.sliding_window", self.chance.choice([100, 128, 512, 1024, 4096]))

    def types(self):
        kinds = self.chance.sample(list(BLOCKS), self.chance.randint(1, 4))
        for tensor in self.all["tensors"]:
            kind = self.chance.choice(kinds)
            if len(tensor[2]) > 1 and tensor[1] != "F32" and tensor[2][0] % BLOCKS[kind] == 0:
                tensor[1] = kind
        self.changes.append("/".join(kinds))


def row(model, chance):
    config = {"placement": chance.choice(["cpu", "rpc1", "rpc1", "rpc2", "rpc2"]),
              "n_ctx": chance.choice([256, 512, 1000, 2048, 4096, 8192, 16384]),
              "n_seq_max": chance.choice([1, 1, 1, 2, 3, 4, 8]), "n_ubatch": chance.choice([512, 512, 1, 32, 64, 128, 2048]),
              "flash_attn": chance.choice(["on", "on", "off", "auto"]),
              "type_k": chance.choice(["f16", "f16", "f16", "q8_0", "q4_0", "bf16", "f32"])}
    config["type_v"] = chance.choice(["f16", "f32"] if config["flash_attn"] == "off" else ["f16", config["type_k"]])
    for name, part in (("kv_unified", 0.2), ("no_kv_offload", 0.15), ("swa_full", 0.15), ("embeddings", 0.1),
                       ("no_repack", 0.1)):
        if chance.random() < part:
            config[name] = True
    if chance.random() < 0.5:
        config["n_outputs_max"] = chance.choice([config["n_seq_max"], 16])
    if chance.random() < 0.15:
        config["override_tensor"] = chance.choice(["ffn_down=CPU", "attn_.*=CPU", r"blk\.0\.=CPU", "output=CPU", "exps=CPU"])
    total = model.number("block_count") * (model.number("num_loops") or 1) + 1
    runs = [["CPU", total]]
    if config["placement"] != "cpu":
        host = chance.choice([0, 0, chance.randint(0, total - 1)])
        first = chance.randint(1, total - host)
        if config["placement"] == "rpc1":
            first = total - host
        runs = [run for run in (["CPU", host], ["RPC0", first], ["RPC1", total - host - first]) if run[1] > 0]
    return {"config": config, "layers": runs, "buffers": []}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--questions", type=int, default=400)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--build", type=pathlib.Path, default=ROOT / "build/bin")
    options.add_argument("--models", type=pathlib.Path, nargs="+",
                         default=sorted((ROOT / "tests/data/architectures/models").glob("*.json")))
    options = options.parse_args()
    chance = random.Random(options.seed)
    engine = Engine(options.build)
    answered, exact, refused, low = 0, 0, 0, 0
    while answered + refused < options.questions:
        path = chance.choice(options.models)
        model = Model(path, chance).change()
        for _ in range(4):
            question = {"model": model.all, "row": row(model, chance)}
            answer = engine.answer(question)
            if "error" in answer:
                refused += 1
                continue
            answered += 1
            predicted, held = answer["predicted"], answer["held"]
            wrong = {kind: (predicted.get(kind, 0), held.get(kind, 0)) for kind in predicted.keys() | held.keys()
                     if predicted.get(kind, 0) != held.get(kind, 0)}
            exact += not wrong
            low += any(said < 0.99 * true for said, true in wrong.values())
            if wrong:
                print(f"{path.stem} {model.changes} {question['row']['config']} {question['row']['layers']}: {wrong}")
    engine.stop()
    print(f"{answered} answers, {exact} exact in every buffer, {low} with one that is more than 1% too low; {refused} refused")


if __name__ == "__main__":
    main()
