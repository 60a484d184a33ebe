#!/usr/bin/env python3
"""`berth plan` against accelerate, each as a whole process from its start to the map: the model is Llama 3.1 405B in bfloat16
by its config.json, the machine has eight GPUs with 80 GiB and 2 TiB for the host. The maps have to be equal, but for the
modules that have no weights in the files.

    bench/plan_accelerate.py --python PYTHON [--berth build/bin/berth] [--rounds 3]

PYTHON is one that has torch, transformers and accelerate. Berth reads the headers of 191 files of safetensors, which are
made for it; accelerate is given a model without weights, as nothing would read files of that size.
"""
import argparse
import json
import math
import pathlib
import statistics
import struct
import subprocess
import tempfile

import plan_peers

WIDTH, FEED_FORWARD, HEADS, KV_HEADS, LAYERS, VOCABULARY, SHARDS = 16384, 53248, 128, 8, 126, 128256, 191
GPUS, GPU_GIB, HOST_GIB = 8, 80, 2048

CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": WIDTH,
          "intermediate_size": FEED_FORWARD, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
          "num_key_value_heads": KV_HEADS, "vocab_size": VOCABULARY, "tie_word_embeddings": False,
          "torch_dtype": "bfloat16", "max_position_embeddings": 131072}

PEER = """
import json, sys, torch
from accelerate import infer_auto_device_map, init_empty_weights
from transformers import AutoConfig, AutoModelForCausalLM
with init_empty_weights():
    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(sys.argv[1]), dtype=torch.bfloat16)
memory = {**{i: sys.argv[2] for i in range(int(sys.argv[4]))}, "cpu": sys.argv[3]}
print(json.dumps(infer_auto_device_map(model, max_memory=memory, no_split_module_classes=model._no_split_modules)))
"""


def tensors():
    kv = WIDTH // HEADS * KV_HEADS
    yield "model.embed_tokens.weight", (VOCABULARY, WIDTH)
    for i in range(LAYERS):
        for name, shape in (("self_attn.q_proj", (WIDTH, WIDTH)), ("self_attn.k_proj", (kv, WIDTH)),
                            ("self_attn.v_proj", (kv, WIDTH)), ("self_attn.o_proj", (WIDTH, WIDTH)),
                            ("mlp.gate_proj", (FEED_FORWARD, WIDTH)), ("mlp.up_proj", (FEED_FORWARD, WIDTH)),
                            ("mlp.down_proj", (WIDTH, FEED_FORWARD)), ("input_layernorm", (WIDTH,)),
                            ("post_attention_layernorm", (WIDTH,))):
            yield f"model.layers.{i}.{name}.weight", shape
    yield "model.norm.weight", (WIDTH,)
    yield "lm_head.weight", (VOCABULARY, WIDTH)


def write_model(folder):
    (folder / "config.json").write_text(json.dumps(CONFIG))
    everything = list(tensors())
    index = {}
    for shard in range(SHARDS):
        name = f"model-{shard + 1:05}-of-{SHARDS:05}.safetensors"
        header, offset = {}, 0
        for tensor, shape in everything[shard * len(everything) // SHARDS:(shard + 1) * len(everything) // SHARDS]:
            size = 2 * math.prod(shape)
            header[tensor] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, offset + size]}
            offset += size
            index[tensor] = name
        text = json.dumps(header).encode()
        with open(folder / name, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            file.truncate(8 + len(text) + offset)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--berth", default="build/bin/berth")
    options.add_argument("--python", required=True)
    options.add_argument("--rounds", type=int, default=3)
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_model(folder)
        budgets = [f"cuda:{i}={GPU_GIB - 8}GiB" for i in range(GPUS)] + [f"cpu={HOST_GIB}GiB"]
        commands = {
            "berth plan": [options.berth, "plan", name, "--strategy", "sequential", "--simulate",
                           f"cpu:{HOST_GIB}GiB,cuda:{GPUS}x{GPU_GIB}GiB", "--format", "hf",
                           *(word for budget in budgets for word in ("--max-memory", budget))],
            "accelerate": [options.python, "-c", PEER, name, f"{GPU_GIB - 8}GiB", f"{HOST_GIB}GiB", str(GPUS)]}
        maps = {peer: json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                for peer, command in commands.items()}
        rounds = {peer: [] for peer in commands}
        for _ in range(options.rounds):
            for peer, command in commands.items():
                rounds[peer].append(plan_peers.measured(command))
    medians = {}
    for peer, times in rounds.items():
        wall, processor = zip(*times)
        medians[peer] = statistics.median(wall)
        print(f"{peer}: on the clock {medians[peer]:.0f} ms ({min(wall):.0f} to {max(wall):.0f}), processor time "
              f"{statistics.median(processor):.0f} ms")
    own, others = maps["berth plan"], maps["accelerate"]
    same = all(others.get(module) == device for module, device in own.items())
    print(f"{medians['accelerate'] / medians['berth plan']:.0f} times; the maps {'are equal' if same else 'differ'}; accelerate "
          f"alone has {sorted(others.keys() - own.keys())}")


if __name__ == "__main__":
    main()
