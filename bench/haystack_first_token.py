"""The same model, prompt and output by Haystack and transformers: haystack_first_token.py MODEL.gguf PROMPT"""

import pathlib
import sys

from haystack.components.generators import HuggingFaceLocalGenerator

path = pathlib.Path(sys.argv[1])
generator = HuggingFaceLocalGenerator(
    model=str(path.parent),
    task="text-generation",
    huggingface_pipeline_kwargs={
        "model_kwargs": {"gguf_file": path.name},
        "tokenizer": (str(path.parent), {"gguf_file": path.name}),
    },
    generation_kwargs={"max_new_tokens": 2, "do_sample": False},
    streaming_callback=lambda chunk: print(chunk.content, end="", flush=True),
)
generator.warm_up()
generator.run(sys.argv[2])
print(".")
