"""Records how a text-generation pipeline of transformers takes spaces before punctuation out of replies: cleaned.json.

Usage: make_cleaned.py FOLDER    of the models that make.py wrote; needs transformers 4.57 and haystack-ai 2.31

"texts" are prompts and replies of random parts and what TextGenerationPipeline.postprocess() makes of the reply; "replies" are
Haystack's, of models here.
"""
import json
import pathlib
import random
import sys
import types

import torch
from haystack.components.generators import HuggingFaceLocalGenerator
from haystack.components.generators.chat import HuggingFaceLocalChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.utils import ComponentDevice
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from transformers.pipelines.text_generation import ReturnType, TextGenerationPipeline

folder = pathlib.Path(sys.argv[1])
random.seed(1)
parts = [" "] * 12 + ["'", "n't", "'m", "'s", "'ve", "'re", "n", "'t", "m", "s", ".", "?", "!", ",", "a", "do", "\n", "é", "中", "😀", "..."]

# Each byte is a token: a text is decoded to itself.
vocabulary = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
backend = Tokenizer(models.BPE(vocabulary, []))
backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
backend.decoder = decoders.ByteLevel()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend)
pipeline = types.SimpleNamespace(tokenizer=tokenizer, framework="pt")


def reply_of(prompt, reply):
    ids = [tokenizer(text)["input_ids"] for text in (prompt, prompt + reply)]
    outputs = {"generated_sequence": torch.tensor([[ids[1]]]), "input_ids": torch.tensor([ids[0]]), "prompt_text": prompt}
    return TextGenerationPipeline.postprocess(pipeline, outputs, ReturnType.NEW_TEXT)[0]["generated_text"]


def text_of(most):
    return "".join(random.choices(parts, k=random.randint(1, most)))


texts = [[prompt, reply, reply_of(prompt, reply)] for prompt, reply in ((text_of(6), text_of(12)) for _ in range(400))]

cases = []
device = ComponentDevice.from_str("cpu")
options = {"max_new_tokens": 20, "do_sample": False}
plain = HuggingFaceLocalGenerator(str(folder / "phi"), task="text-generation", device=device, generation_kwargs=dict(options))
chat = HuggingFaceLocalChatGenerator(str(folder / "phi"), task="text-generation", device=device, generation_kwargs=dict(options),
                                     chat_template="{{ messages[0].content }}")
for generator in (plain, chat):
    generator.warm_up()
prompt = "a device map places each layer"
for more in ({}, {"clean_up_tokenization_spaces": True}, {"clean_up_tokenization_spaces": False}, {"clean_up_tokenization_spaces": None},
             {"return_full_text": True}):
    cases.append({"prompt": prompt, "generation_kwargs": more, "replies": plain.run(prompt, generation_kwargs=more)["replies"]})
    if "return_full_text" not in more:
        assert [each.text for each in chat.run([ChatMessage.from_user(prompt)], generation_kwargs=more)["replies"]] == cases[-1]["replies"]
lines = {name: ",\n".join(json.dumps(each, ensure_ascii=False) for each in value) for name, value in (("texts", texts), ("replies", cases))}
(folder / "cleaned.json").write_text("{" + ",\n".join(f'"{name}": [\n{value}\n]' for name, value in lines.items()) + "}\n")
print(sum(reply != made for _, reply, made in texts), "of", len(texts), "changed;", cases)
print(sum(made != tokenizer.clean_up_tokenization(reply) for _, reply, made in texts), "not as the reply alone is cleaned")
