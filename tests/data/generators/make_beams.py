"""Makes beam_search.json and beams.json of this folder: what transformers' beam search finds.

    pip install transformers==4.57.6 haystack-ai==2.31.0 torch safetensors
    python3 make_beams.py

beam_search.json: searches over scores that table() computes from the number of tokens and the last one, as the test does too.
beams.json: searches with the tiny models of this folder in float32, and what Haystack's generator replies with its own defaults.
A search counts only where it finds the same with each score moved by up to half of "sure", ten times at random: no close calls.
"""
import itertools
import json
import pathlib
import random

import torch
import transformers
from transformers import (AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, GenerationConfig, GenerationMixin,
                          LogitsProcessor, LogitsProcessorList, PretrainedConfig, PreTrainedModel)
from transformers.modeling_outputs import CausalLMOutput

folder = pathlib.Path(__file__).parent
versions = {"transformers": transformers.__version__, "torch": torch.__version__.split("+")[0]}


def mix(value):
    for _ in range(2):
        value = ((value ^ value >> 16) * 0x45D9F3B) & 0xFFFFFFFF
    return value ^ value >> 16


def table(case, tokens, last):
    """The scores [vocabulary] after so many tokens, thousandths from 0 to 6."""
    row = [mix((case["seed"] * 1000003 + tokens * 10007 + last * 101 + token) & 0xFFFFFFFF) % 6000 for token in range(case["vocabulary"])]
    for token in case["ends"]:
        row[token] += case["end_bonus"]
    return row


class TableConfig(PretrainedConfig):
    model_type = "table"


class Table(PreTrainedModel, GenerationMixin):
    config_class = TableConfig

    def __init__(self, case):
        super().__init__(TableConfig(vocab_size=case["vocabulary"]))
        self.case = case
        self.nothing = torch.nn.Parameter(torch.zeros(1))

    def prepare_inputs_for_generation(self, input_ids, attention_mask=None, **kwargs):
        return {"input_ids": input_ids}

    def forward(self, input_ids, attention_mask=None, return_dict=True):
        rows = [table(self.case, len(ids), ids[-1]) for ids in input_ids.tolist()]
        return CausalLMOutput(logits=torch.tensor(rows, dtype=torch.float32)[:, None] / 1000)


class Noise(LogitsProcessor):
    def __init__(self, size):
        self.size = size

    def __call__(self, input_ids, scores):
        return scores + self.size * (torch.rand_like(scores) - 0.5)


def search(model, ids, options, ends, noise=0.0):
    """The texts that are found, the best first: their tokens, and scores."""
    inputs = torch.tensor([ids])
    config = GenerationConfig(do_sample=False, eos_token_id=ends or None, pad_token_id=0, use_cache=not isinstance(model, Table),
                              decoder_start_token_id=getattr(model.config, "decoder_start_token_id", None), **options)
    with torch.no_grad():
        output = model.generate(inputs, attention_mask=torch.ones_like(inputs), generation_config=config, use_model_defaults=False,
                                logits_processor=LogitsProcessorList([Noise(noise)] if noise else []),
                                return_dict_in_generate=True, output_scores=True)
    found = []
    for sequence in output.sequences.tolist():
        tokens = sequence[1:] if model.config.is_encoder_decoder else sequence[len(ids):]
        end = next((i + 1 for i, token in enumerate(tokens) if token in ends), len(tokens))
        found.append(tokens[:end])
    return found, [round(score, 5) for score in output.sequences_scores.tolist()]


def is_sure(model, ids, options, ends, size, found):
    return all(search(model, ids, options, ends, size)[0] == found for _ in range(10))


def random_options(most_tokens):
    beams = random.randint(2, 5)
    return {"num_beams": beams, "num_return_sequences": random.randint(1, beams), "max_new_tokens": random.randint(1, most_tokens),
            "length_penalty": random.choice([-1.5, -0.5, 0.0, 0.5, 1.0, 2.0]), "early_stopping": random.choice([False, True, "never"]),
            "repetition_penalty": random.choice([1.0, 1.0, 1.3, 0.8])}


def make_tables():
    cases = []
    for seed in range(1, 161):
        random.seed(seed)
        torch.manual_seed(seed)
        vocabulary = random.choice([20, 60, 300])
        case = {"seed": seed, "vocabulary": vocabulary, "prompt": [random.randrange(3, vocabulary) for _ in range(random.randint(1, 3))],
                "ends": list(range(random.choice([0, 1, 1, 1, 3]))), "end_bonus": random.choice([0, 1000, 3000, 5000]),
                "options": random_options(14)}
        model = Table(case)
        tokens, scores = search(model, case["prompt"], case["options"], case["ends"])
        if is_sure(model, case["prompt"], case["options"], case["ends"], 0.001, tokens):
            cases.append(case | {"tokens": tokens, "scores": scores})
    write("beam_search.json", {"versions": versions, "cases": cases}, "cases")


def write(name, value, lines):
    """A line for each of value[lines]."""
    entries = ",\n".join(json.dumps(each, ensure_ascii=False) for each in value[lines])
    rest = json.dumps(value | {lines: []}, ensure_ascii=False)
    (folder / name).write_text(rest.replace(f'"{lines}": []', f'"{lines}": [\n{entries}\n]') + "\n")
    print(name, len(value[lines]), "cases")


def make_models():
    from haystack.components.generators import HuggingFaceLocalGenerator
    from haystack.utils import ComponentDevice
    cases = []
    for path in sorted(each for each in folder.iterdir() if (each / "config.json").exists()):
        encodes = json.loads((path / "config.json").read_text())["model_type"] == "t5"
        task = "text2text-generation" if encodes else "text-generation"
        model = (AutoModelForSeq2SeqLM if encodes else AutoModelForCausalLM).from_pretrained(path, dtype=torch.float32).eval()
        tokenizer = AutoTokenizer.from_pretrained(path)
        prompts = [each["prompt"] for each in json.loads((folder / f"{path.name}.expected.json").read_text())["raw"]]
        ends = [model.generation_config.eos_token_id]
        generator = HuggingFaceLocalGenerator(str(path), task=task, device=ComponentDevice.from_str("cpu"))
        generator.warm_up()
        random.seed(path.name)
        torch.manual_seed(1)
        for number in range(20):
            prompt = prompts[number % len(prompts)]
            options = random_options(12)
            if encodes and number < len(prompts):  # Haystack's own
                options = {"num_beams": 4, "max_new_tokens": 6}
            ids = tokenizer(prompt)["input_ids"]
            tokens, scores = search(model, ids, options, ends)
            sure = list(itertools.takewhile(lambda size: is_sure(model, ids, options, ends, size, tokens), (0.05, 0.1, 0.2)))
            if not sure:
                continue
            generation_kwargs = {name: value for name, value in options.items() if not encodes or name != "num_beams" or value != 4}
            replies = generator.run(prompt, generation_kwargs=generation_kwargs | ({} if encodes else {"do_sample": False}))["replies"]
            cases.append({"model": path.name, "prompt": prompt, "options": options, "sure": sure[-1], "tokens": tokens,
                          "scores": scores, "generation_kwargs": generation_kwargs, "replies": replies})
    write("beams.json", {"versions": versions, "cases": cases}, "cases")


if __name__ == "__main__":
    make_tables()
    make_models()
