"""Makes the tiny models of this folder that generate, with random weights, and what transformers and Haystack make of them.

    pip install transformers==4.57.6 haystack-ai==2.31.0 torch safetensors
    python3 make.py [FOLDER [NAME...]]

NAME/ is a folder as of Hugging Face; NAME.expected.json has "raw", prompts with their ids and 20 greedy tokens, and what the
generators of Haystack answer. "gap_of_best_logit" is, for each step, by how much the best token leads.
"""
import json
import pathlib
import sys

import torch
import transformers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoConfig, PreTrainedTokenizerFast

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
texts = """The harbour master counted every crane in 1843. It rains, and the ships don't sail; we'll wait for two or three days.
What is the capital of Germany? Berlin is. A device map places each layer on a device. user: hello assistant: hi there
Ein Hafen hat 12 Kräne. L'été, on compte 100 bateaux. 中文 café naïve über   spaces	and tabs.""".splitlines()
prompts = ["The harbour master counted", "What is the capital of Germany?", "user: hello assistant:",
           "a device map places each layer", "café 中文 1000", "don't  wait\n\n  12345 days, we'll SAIL"]
marks = ["<s>", "</s>", "<unk>", "<|im_start|>", "<|im_end|>"]
chat = ("{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")
llama3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
qwen2 = llama3.replace(r"\p{N}{1,3}", r"\p{N}")


def split(pattern):
    return [pre_tokenizers.Split(Regex(pattern), "isolated", invert=False)]


def byte_level(before, use_regex, begin=False, ignore_merges=False):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*before, bytes_]) if before else bytes_
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=330, special_tokens=marks, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    if begin:
        tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return tokenizer


def pieces(gemma=False, phi=False):
    """As the tokenizers of Llama 2 and Mistral 7B, which were made of SentencePiece's; or that of Gemma, which puts no space
    before a text and has tokens for some lines and spaces; or that of Phi-3, where spaces behind special tokens are left out."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    spaces = normalizers.Replace(" ", "▁")
    tokenizer.normalizer = spaces if gemma else normalizers.Sequence([normalizers.Prepend("▁"), spaces])
    if gemma:
        tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])
    bytes_ = [f"<0x{i:02X}>" for i in range(256)]
    tokenizer.train_from_iterator([text[:60] for text in texts], trainers.BpeTrainer(
        vocab_size=380, special_tokens=marks + bytes_, show_progress=False, max_token_length=8))
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = [token for token in state["added_tokens"] if not token["content"].startswith("<0x")]
    # All pairs that make a token, by the token that they make, as SentencePiece's pieces have no merges of their own.
    vocab = state["model"]["vocab"]
    made = [pair if isinstance(pair, list) else pair.split(" ") for pair in state["model"]["merges"]]
    order = {"".join(pair): i for i, pair in reversed(list(enumerate(made)))}
    pairs = [[token[:i], token[i:]] for token in order for i in range(1, len(token)) if token[:i] in vocab and token[i:] in vocab]
    state["model"]["merges"] = sorted(pairs, key=lambda pair: (order["".join(pair)], vocab[pair[0]], vocab[pair[1]]))
    for token in state["added_tokens"]:
        token["rstrip"] = phi and token["content"] not in ("<s>", "<unk>")
    if gemma:
        for token in ("\n", "\n\n", "▁▁"):
            vocab[token] = len(vocab)
        state["model"]["merges"][:0] = [["\n", "\n"], ["▁", "▁"]]
    tokenizer = Tokenizer.from_str(json.dumps(state))
    if phi:
        tokenizer.add_special_tokens(["<|endoftext|>"])
    if gemma:
        tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
        tokenizer.add_tokens([AddedToken(text, normalized=False) for text in ("\n\n", "▁▁")])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return tokenizer


def unigram():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Replace(Regex(" {2,}"), "▁")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.train_from_iterator(texts, trainers.UnigramTrainer(
        vocab_size=150, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return tokenizer


small = {"hidden_size": 32, "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 2, "intermediate_size": 48,
         "max_position_embeddings": 256, "bos_token_id": 0, "eos_token_id": 1}
t5 = {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4, "decoder_start_token_id": 0, "pad_token_id": 0,
      "eos_token_id": 1}
gemma = small | {"hidden_size": 24, "intermediate_size": 32, "head_dim": 12, "query_pre_attn_scalar": 12, "hidden_activation": "gelu_pytorch_tanh"}
experts = {"num_experts_per_tok": 2, "moe_intermediate_size": 16}
windows = {"sliding_window": 8}  # less than the prompts
# name: (class, model_type, configuration, tokenizer, type of the weights)
cases = {
    "llama3": ("LlamaForCausalLM", "llama", small | {"rope_theta": 500000.0, "rope_scaling": {
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 32}, "attention_bias": True, "mlp_bias": True},
        lambda: byte_level(split(llama3), False, True, True), "float32"),
    "smollm": ("LlamaForCausalLM", "llama", small | {"tie_word_embeddings": True, "head_dim": 12, "rope_scaling": {
        "rope_type": "linear", "factor": 2.0}}, lambda: byte_level([pre_tokenizers.Digits(individual_digits=True)], True),
        "float16"),
    "mistral": ("MistralForCausalLM", "mistral", small | {"sliding_window": None}, pieces, "float32"),
    "qwen2": ("Qwen2ForCausalLM", "qwen2", small | {"tie_word_embeddings": True, "rope_scaling": {
        "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}},
        lambda: byte_level(split(qwen2), False), "float32"),
    "qwen3": ("Qwen3ForCausalLM", "qwen3", small | {"head_dim": 16}, lambda: byte_level(split(qwen2), False), "bfloat16"),
    "gpt2": ("GPT2LMHeadModel", "gpt2", {"n_embd": 32, "n_head": 4, "n_layer": 2, "n_positions": 256, "bos_token_id": 0,
                                         "eos_token_id": 1}, lambda: byte_level([], True), "float32"),
    "flan_t5": ("T5ForConditionalGeneration", "t5", t5 | {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
                unigram, "float32"),
    "t5": ("T5ForConditionalGeneration", "t5", t5 | {"feed_forward_proj": "relu"}, unigram, "bfloat16"),
    "gemma2": ("Gemma2ForCausalLM", "gemma2", gemma | windows | {"attn_logit_softcapping": 2.0, "final_logit_softcapping": 30.0},
               lambda: pieces(True), "float32"),
    "gemma3_text": ("Gemma3ForCausalLM", "gemma3_text", gemma | windows | {
        "sliding_window_pattern": 2, "rope_local_base_freq": 500.0, "rope_scaling": {"rope_type": "linear", "factor": 4.0}},
        lambda: pieces(True), "float32"),
    "gemma3": ("Gemma3ForConditionalGeneration", "gemma3", {
        "text_config": gemma | windows | {"num_attention_heads": 8, "num_key_value_heads": 4, "sliding_window_pattern": 2},
        "vision_config": {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1,
                          "image_size": 16, "patch_size": 8}, "mm_tokens_per_image": 4},
        lambda: pieces(True), "bfloat16"),
    "gemma": ("GemmaForCausalLM", "gemma", gemma, lambda: pieces(True), "float32"),
    "phi": ("Phi3ForCausalLM", "phi3", small | {"tie_word_embeddings": True, "partial_rotary_factor": 0.5, "max_position_embeddings": 1024,
             "original_max_position_embeddings": 256, "pad_token_id": 1, "rope_scaling": {
                 "type": "longrope", "short_factor": [1.0, 1.5], "long_factor": [1.5, 9.0]}},
             lambda: pieces(phi=True), "float32"),
    "mixtral": ("MixtralForCausalLM", "mixtral", small | experts | {
        "num_local_experts": 4, "intermediate_size": 16, "sliding_window": None, "tie_word_embeddings": True},
        lambda: byte_level(split(llama3), False), "float32"),
    "qwen2_moe": ("Qwen2MoeForCausalLM", "qwen2_moe", small | experts | {"num_experts": 4, "shared_expert_intermediate_size": 24},
                  lambda: byte_level(split(qwen2), False), "float32"),
    "qwen3_moe": ("Qwen3MoeForCausalLM", "qwen3_moe", small | experts | {
        "num_experts": 4, "head_dim": 12, "norm_topk_prob": True, "tie_word_embeddings": True},
        lambda: byte_level(split(qwen2), False), "float32"),
    "smollm3": ("SmolLM3ForCausalLM", "smollm3", small | {"num_hidden_layers": 4, "tie_word_embeddings": True, "pad_token_id": 1},
                lambda: byte_level(split(llama3), False, ignore_merges=True), "float32"),
    "granite": ("GraniteForCausalLM", "granite", small | {
        "tie_word_embeddings": True, "embedding_multiplier": 3.0, "attention_multiplier": 0.2, "residual_multiplier": 0.5,
        "logits_scaling": 2.0}, lambda: byte_level([pre_tokenizers.Digits(individual_digits=True)], True), "float32"),
    "olmo2": ("Olmo2ForCausalLM", "olmo2", small | {"pad_token_id": 1}, lambda: byte_level(split(llama3), False), "float32"),
}


def randomize(model, kind):
    scaled = "Gemma" in type(model).__name__  # what is taken of the table is made greater
    for name, parameter in model.named_parameters():
        with torch.no_grad():
            if parameter.dim() == 1 and ("norm" in name or "ln_" in name) and name.endswith("weight"):
                parameter.copy_((4 if scaled and name.endswith("model.norm.weight") else 1) + 0.1 * torch.randn_like(parameter))
            elif parameter.dim() == 1:
                parameter.copy_(0.1 * torch.randn_like(parameter))
            else:
                is_table = "embed" in name or "shared" in name or "wte" in name
                parameter.copy_(torch.randn_like(parameter) * (0.3 if not is_table else 0.1 if scaled else 1))
            if type(model).__name__.startswith(("Gemma", "Phi")) and "embed_tokens" in name:
                parameter[len(marks):len(marks) + 256] *= 0.1  # single bytes are hardly answered: they would make no text
            parameter.copy_(parameter.to(getattr(torch, kind)).to(torch.float32))
    model.tie_weights()


def greedy(model, ids):
    inputs = torch.tensor([ids])
    with torch.no_grad():
        output = model.generate(inputs, attention_mask=torch.ones_like(inputs), max_new_tokens=20, do_sample=False,
                                return_dict_in_generate=True, output_logits=True)
    logits = torch.stack(output.logits)[:, 0]
    best = logits.topk(2, dim=-1).values
    tokens = output.sequences[0].tolist()[-len(logits):]
    return tokens, [round(float(a - b), 6) for a, b in best]


def haystack(model, tokenizer, path, task):
    from haystack.components.generators import HuggingFaceLocalGenerator
    from haystack.components.generators.chat import HuggingFaceLocalChatGenerator
    from haystack.dataclasses import ChatMessage
    from haystack.utils import ComponentDevice
    cpu = ComponentDevice.from_str("cpu")
    options = {"max_new_tokens": 20, "do_sample": False}
    as_is = {"clean_up_tokenization_spaces": False} if task == "text-generation" else {}
    # Without it transformers leaves out what caps the attention of Gemma 2.
    eager = {"model_kwargs": {"attn_implementation": "eager"}}
    answers = []
    for stop in (None, ["e"]):
        generator = HuggingFaceLocalGenerator(str(path), task=task, device=cpu, generation_kwargs=dict(options), stop_words=stop,
                                              huggingface_pipeline_kwargs=eager)
        generator.warm_up()
        answers += [{"init": {"stop_words": stop, "generation_kwargs": dict(options)}, "prompt": prompt, "replies": generator.run(prompt, generation_kwargs=as_is)["replies"]}
                    for prompt in prompts]
    result = {"HuggingFaceLocalGenerator": answers}
    if task == "text-generation":
        chats = []
        generator = HuggingFaceLocalChatGenerator(str(path), task=task, device=cpu, generation_kwargs=dict(options),
                                                  huggingface_pipeline_kwargs=eager)
        generator.warm_up()
        for messages in ([["user", "hello"]], [["system", "you are terse."], ["user", "What is the capital of Germany?"]]):
            reply = generator.run([ChatMessage.from_user(text) if role == "user" else ChatMessage.from_system(text)
                                   for role, text in messages], generation_kwargs=as_is)["replies"][0]
            meta = {name: reply.meta[name] for name in ("finish_reason", "index", "usage")}
            rendered = tokenizer.apply_chat_template([{"role": role, "content": text} for role, text in messages], tokenize=False,
                                                     add_generation_prompt=True)
            gaps = greedy(model, tokenizer(rendered)["input_ids"])[1]
            chats.append({"gap_of_best_logit": gaps,"init": {"stop_words": None, "generation_kwargs": dict(options)},
                          "messages": [{"role": role, "content": text} for role, text in messages],
                          "replies": [{"text": reply.text, "meta": meta}]})
        result["HuggingFaceLocalChatGenerator"] = chats
    return result


for number, (name, (kind, model_type, settings, make_tokenizer, dtype)) in enumerate(cases.items()):
    if sys.argv[2:] and name not in sys.argv[2:]:
        continue
    torch.manual_seed(number)
    backend = make_tokenizer()
    tokens = {"eos_token": "</s>", "unk_token": "<unk>"} | ({"pad_token": "<pad>"} if model_type == "t5" else
                                                          {"bos_token": "<s>", "pad_token": "</s>"})
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, clean_up_tokenization_spaces=False, **tokens)
    if model_type != "t5":
        tokenizer.chat_template = chat
    settings.get("text_config", settings)["vocab_size"] = tokenizer.vocab_size + 3
    config = AutoConfig.for_model(model_type, **settings)
    model = getattr(transformers, kind)._from_config(config, attn_implementation="eager").eval()
    randomize(model, dtype)
    model.to(getattr(torch, dtype)).save_pretrained(folder / name)
    model.to(torch.float32)
    tokenizer.save_pretrained(folder / name)
    raw = []
    longer = [" ".join(texts * 2)] if "original_max_position_embeddings" in settings else []
    for prompt in prompts + longer:
        ids = tokenizer(prompt)["input_ids"]
        token_ids, gaps = greedy(model, ids)
        raw.append({"prompt": prompt, "input_ids": ids, "greedy_20": {"token_ids": token_ids, "gap_of_best_logit": gaps}})
    config = json.loads((folder / name / "config.json").read_text())
    config["dtype"] = "float32"  # what Haystack's pipeline computes in
    (folder / name / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    task = "text2text-generation" if model_type == "t5" else "text-generation"
    expected = {"versions": {"transformers": transformers.__version__, "torch": torch.__version__.split("+")[0]},
                "model": name, "architecture": kind, "raw": raw} | haystack(model, tokenizer, folder / name, task)
    (folder / f"{name}.expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=0) + "\n")
    print(name, sum(p.numel() for p in model.parameters()), min(min(r["greedy_20"]["gap_of_best_logit"]) for r in raw))
