"""Makes the tiny encoders of this folder, with random weights, and what transformers computes with them.

    pip install transformers==4.57.6 sentence-transformers==5.2.3 torch safetensors
    python3 make.py [FOLDER] [HIDDEN_SIZE]

NAME/ is a folder as of Hugging Face (make_tokenizer.py gives some a tokenizer); NAME.expected.json has "raw", a list of sequences of ids with
what the model gives for each. A hidden state is a sample: its shape, the positions of some rows, the first 8 values of
these rows, and the norms of all rows, or of every "norm_step"th.
"""
import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file
from sentence_transformers.models import Dense, LayerNorm, Normalize, Pooling
from sentence_transformers.sparse_encoder.models import SpladePooling
from transformers import AutoConfig

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
hidden = int(sys.argv[2]) if len(sys.argv) > 2 else 16
small = {"hidden_size": hidden, "num_attention_heads": 2, "num_hidden_layers": 2, "intermediate_size": hidden + 8,
         "vocab_size": 40, "max_position_embeddings": 40, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
roberta = small | {"type_vocab_size": 1, "pad_token_id": 1, "layer_norm_eps": 1e-5}
distil = {"dim": hidden, "n_heads": 2, "n_layers": 2, "hidden_dim": hidden + 8, "vocab_size": 40,
          "max_position_embeddings": 40}
modern = small | {"num_hidden_layers": 3, "global_attn_every_n_layers": 2, "local_attention": 6, "pad_token_id": 0,
                  "cls_token_id": 1, "sep_token_id": 2, "bos_token_id": 1, "eos_token_id": 2}
# Positions are rotations, whose angles are the more in float32 the farther a token stands.
far = modern | {"hidden_size": 32, "num_attention_heads": 1, "num_hidden_layers": 2, "local_attention": 64,
                "max_position_embeddings": 8192}
deberta3 = small | {"relative_attention": True, "position_buckets": 6, "max_relative_positions": -1,
                    "pos_att_type": ["p2c", "c2p"], "share_att_key": True, "norm_rel_ebd": "layer_norm",
                    "position_biased_input": False, "type_vocab_size": 0, "pooler_hidden_size": hidden}
deberta2 = small | {"relative_attention": True, "max_relative_positions": 10, "pos_att_type": "c2p|p2c",
                    "position_biased_input": True, "type_vocab_size": 2, "embedding_size": 12,
                    "conv_kernel_size": 3, "conv_act": "gelu", "pooler_hidden_size": hidden}
deberta = small | {"relative_attention": True, "max_relative_positions": -1, "pos_att_type": "c2p|p2c",
                   "position_biased_input": False, "type_vocab_size": 0, "pooler_hidden_size": hidden}
labels = {"id2label": {0: "contradiction", 1: "neutral", 2: "entailment"}}
labels["label2id"] = {name: number for number, name in labels["id2label"].items()}

# name: (class, model_type, configuration)
cases = {
    "bert_model": ("BertModel", "bert", small),
    "bert_nli": ("BertForSequenceClassification", "bert", small | labels),
    "bert_ner": ("BertForTokenClassification", "bert", small | labels | {"hidden_act": "gelu_new"}),
    "bert_qa": ("BertForQuestionAnswering", "bert", small | {"hidden_act": "relu"}),
    "bert_mlm": ("BertForMaskedLM", "bert", small),
    "roberta_nli": ("RobertaForSequenceClassification", "roberta", roberta | labels),
    "roberta_mlm": ("RobertaForMaskedLM", "roberta", roberta),
    "xlm_roberta_ner": ("XLMRobertaForTokenClassification", "xlm-roberta", roberta | labels),
    "camembert_qa": ("CamembertForQuestionAnswering", "camembert", roberta),
    "distilbert_nli": ("DistilBertForSequenceClassification", "distilbert", distil | labels),
    "distilbert_qa": ("DistilBertForQuestionAnswering", "distilbert", distil),
    "distilbert_mlm": ("DistilBertForMaskedLM", "distilbert", distil),
    "electra_nli": ("ElectraForSequenceClassification", "electra", small | labels | {"embedding_size": 8}),
    "electra_ner": ("ElectraForTokenClassification", "electra", small | labels | {"embedding_size": hidden}),
    "electra_mlm": ("ElectraForMaskedLM", "electra", small | {"embedding_size": 8}),
    "mpnet_model": ("MPNetModel", "mpnet", small),
    "mpnet_nli": ("MPNetForSequenceClassification", "mpnet", small | labels),
    "mpnet_mlm": ("MPNetForMaskedLM", "mpnet", small),
    "modernbert_model": ("ModernBertModel", "modernbert", modern),
    "modernbert_nli": ("ModernBertForSequenceClassification", "modernbert", modern | labels | {"classifier_pooling": "mean"}),
    "modernbert_ranker": ("ModernBertForSequenceClassification", "modernbert",
                          modern | {"classifier_pooling": "cls", "num_labels": 1, "mlp_bias": True, "norm_bias": True,
                                    "attention_bias": True, "classifier_bias": True}),
    "modernbert_ner": ("ModernBertForTokenClassification", "modernbert", modern | labels),
    "modernbert_mlm": ("ModernBertForMaskedLM", "modernbert", modern),
    "deberta_v3_nli": ("DebertaV2ForSequenceClassification", "deberta-v2", deberta3 | labels),
    "deberta_v3_qa": ("DebertaV2ForQuestionAnswering", "deberta-v2", deberta3),
    "deberta_v2_ner": ("DebertaV2ForTokenClassification", "deberta-v2", deberta2 | labels),
    "deberta_v2_mlm": ("DebertaV2ForMaskedLM", "deberta-v2", deberta3),
    "bert_float16": ("BertForTokenClassification", "bert", small | labels),
    "bert_bfloat16": ("BertForTokenClassification", "bert", small | labels),
    "bert_shards": ("BertForTokenClassification", "bert", small | labels),
    "bert_old_names": ("BertForTokenClassification", "bert", small | labels),
    "st_modes": ("BertModel", "bert", small),
    "st_prompt": ("BertModel", "bert", small),
    "st_dense": ("BertModel", "bert", small),
    "st_splade": ("BertForMaskedLM", "bert", small),
    "st_splade_sum": ("BertForMaskedLM", "bert", small),
    "bert_relative_key": ("BertForTokenClassification", "bert", small | labels | {
        "position_embedding_type": "relative_key", "hidden_act": "mish"}),
    "roberta_relative_key_query": ("RobertaForMaskedLM", "roberta", roberta | {
        "position_embedding_type": "relative_key_query", "hidden_act": "gelu_10"}),
    "deberta_v2_absolute": ("DebertaV2ForTokenClassification", "deberta-v2", small | labels | {
        "relative_attention": False, "pos_att_type": "c2p|p2c", "type_vocab_size": 2, "hidden_act": "leaky_relu"}),
    "modernbert_long": ("ModernBertModel", "modernbert", far),
    "deberta_nli": ("DebertaForSequenceClassification", "deberta", deberta | labels),
    # Distances that are clamped, words of another size, and scores of one kind.
    "deberta_qa": ("DebertaForQuestionAnswering", "deberta", deberta | {
        "max_relative_positions": 7, "position_biased_input": True, "type_vocab_size": 2, "embedding_size": 12,
        "pos_att_type": ["p2c"], "num_hidden_layers": 1}),
    # One layer sees all tokens, the others three; a matrix of its own for words at either end.
    "modernbert_narrow": ("ModernBertForMaskedLM", "modernbert", modern | {
        "global_attn_every_n_layers": 9, "local_attention": 3, "local_rope_theta": None, "global_rope_theta": 500.0,
        "norm_bias": True, "tie_word_embeddings": False, "decoder_bias": False, "num_hidden_layers": 2}),
}
lengths = {"modernbert_long": (300, 8192), "modernbert_narrow": (2, 11)}


def randomize(model):
    for name, parameter in model.named_parameters():
        with torch.no_grad():
            if parameter.dim() == 1 and "norm" in name.lower() and name.endswith("weight"):
                parameter.copy_(1 + 0.1 * torch.randn_like(parameter))
            elif parameter.dim() == 1:
                parameter.copy_(0.1 * torch.randn_like(parameter))
            else:
                parameter.copy_(torch.randn_like(parameter) * (0.5 if "embedding" in name else 1.3 / parameter.shape[-1] ** 0.5))


def save(model, name):
    """Leaves in `model` what the file holds."""
    if name == "bert_shards":
        return model.save_pretrained(folder / name, max_shard_size="9KB")
    if name in ("bert_float16", "bert_bfloat16"):
        kind = getattr(torch, name.removeprefix("bert_"))
        model.to(kind).save_pretrained(folder / name)
        model.to(torch.float32)
        return
    model.save_pretrained(folder / name)
    if name == "bert_old_names":  # those of models that came from TensorFlow
        path = folder / name / "model.safetensors"
        save_file({key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
                   for key, value in load_file(path).items()}, path, metadata={"format": "pt"})


def rounded(tensor):
    return [float(f"{x:.8g}") for x in tensor.flatten().tolist()]


def sample(state):
    rows = sorted({0, 1, len(state) // 2, len(state) - 1} & set(range(len(state))))
    step = 1 + len(state) // 256
    if step > 1:
        rows = sorted({*rows, *range(0, len(state), 4 * step)})
    result = {"shape": list(state.shape), "rows": rows, "first_8_values": [rounded(state[i][:8]) for i in rows],
              "norms": rounded(state[::step].norm(dim=-1))}
    return result | ({"norm_step": step} if step > 1 else {})


def sequences(config, name):
    """Ids of several lengths; pairs have token types where the model has them; a padding id stands in one of them."""
    types = getattr(config, "type_vocab_size", 0) or 0
    result = []
    for length in lengths.get(name, (1, 2, 7, 7, 19, 33)):
        ids = torch.randint(3, config.vocab_size, (length,))
        if length == 19:
            ids[4] = config.pad_token_id or 0
        item = {"input_ids": ids.tolist()}
        if types > 1 and length > 2:
            item["token_type_ids"] = [int(i > length // 3) for i in range(length)]
        result.append(item)
    return result


def run(model, item):
    inputs = {name: torch.tensor([values]) for name, values in item.items()}
    # A padding id in the text is a token like any other here: nothing is masked.
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    with torch.no_grad():
        output = model(**inputs)
        states = model.base_model(**inputs).last_hidden_state
    result = {}
    for name in ("logits", "start_logits", "end_logits"):
        if name in output:
            result[name] = rounded(output[name][0])
    result["last_hidden_state"] = sample(states[0])
    if output.get("pooler_output") is not None:
        result["pooler_output"] = rounded(output.pooler_output[0])
    return result


def sentence_modules():
    """What stands after the transformer in the models of sentence-transformers, by the name of the model."""
    modes = {f"pooling_mode_{mode}": True for mode in
             ("max_tokens", "mean_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken")}
    return {
        "st_modes": [Pooling(hidden, **modes, pooling_mode_cls_token=True)],
        # Without the first token: with a prompt left out, the maximum overwrites what stands there.
        "st_prompt": [Pooling(hidden, **modes, include_prompt=False)],
        "st_dense": [Pooling(hidden), Dense(hidden, 8), LayerNorm(8), Normalize()],
        "st_splade": [SpladePooling("max")],
        "st_splade_sum": [SpladePooling("sum", "log1p_relu")],
    }


def embed(modules, states, prompt_tokens):
    features = {"token_embeddings": states[None].clone(), "attention_mask": torch.ones(1, len(states), dtype=torch.long),
                "prompt_length": prompt_tokens}
    with torch.no_grad():
        for module in modules:
            features = module(features)
    return rounded(features["sentence_embedding"][0])


def write_modules(path, name, modules):
    first = "MLMTransformer" if "splade" in name else "Transformer"
    entries = [{"idx": 0, "name": "0", "path": "", "type": f"sentence_transformers.models.{first}"}]
    for number, module in enumerate(modules, 1):
        kind = type(module)
        place = f"{number}_{kind.__name__}"
        (path / place).mkdir(exist_ok=True)
        module.save(str(path / place))
        entries.append({"idx": number, "name": str(number), "path": place, "type": f"{kind.__module__}.{kind.__name__}"})
    (path / "modules.json").write_text(json.dumps(entries, indent=2) + "\n")


modules = sentence_modules()
for number, (name, (kind, model_type, settings)) in enumerate(cases.items()):
    torch.manual_seed(number)
    config = AutoConfig.for_model(model_type, **settings)
    model = getattr(transformers, kind)._from_config(config, attn_implementation="eager").eval()
    randomize(model)
    model.tie_weights()
    save(model, name)
    for extra in (folder / name).glob("generation_config.json"):
        extra.unlink()
    raw = [item | run(model, item) for item in sequences(config, name)]
    if name in modules:
        for module in modules[name]:
            randomize(module)
        write_modules(folder / name, name, modules[name])
        for item in raw:
            item["prompt_tokens"] = min(3, len(item["input_ids"]) - 1)
            with torch.no_grad():
                output = model(torch.tensor([item["input_ids"]]),
                               token_type_ids=torch.tensor([item.get("token_type_ids", [0] * len(item["input_ids"]))]),
                               attention_mask=torch.ones(1, len(item["input_ids"]), dtype=torch.long))
            item["embedding"] = embed(modules[name], output[0][0], item["prompt_tokens"])
    expected = {"versions": {"transformers": transformers.__version__, "torch": torch.__version__.split("+")[0],
                             "dtype": "float32", "device": "cpu"},
                "model": name, "architecture": kind, "raw": raw}
    (folder / f"{name}.expected.json").write_text(json.dumps(expected) + "\n")
    print(name, sum(p.numel() for p in model.parameters()))
