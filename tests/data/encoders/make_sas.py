"""What Haystack's SASEvaluator answers with the tiny classifiers of pairs: make_sas.py > sas.json, with haystack-ai 2.31.0,
sentence-transformers 5.7.0, transformers 4.57.6 and torch 2.15.0."""

import json
import logging
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.simplefilter("ignore")
import transformers
from haystack.components.evaluators import SASEvaluator
from haystack.utils import ComponentDevice

logging.disable(logging.CRITICAL)
transformers.logging.set_verbosity_error()
expected, predicted = ["a ship", "snow", "rain"], ["Berlin is the capital", "What is the capital?", "rain"]
torch_name = "torch.nn.modules.activation."
transformer = {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}
sentence_bert = {"transformer_task": "sequence-classification", "module_output_name": "scores",
                 "modality_config": {"text": {"method": "forward", "method_output_name": "logits"}}}
cases = []


def case(model, config=None, settings=None):
    """`config` stands in config.json too, `settings` in config_sentence_transformers.json beside a modules.json."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / model
        shutil.copytree(Path(__file__).parent / model, folder)
        tokenizer = json.loads((folder / "tokenizer.json").read_text())
        for token in tokenizer["added_tokens"]:  # as transformers wants them: with all their fields
            token.update(single_word=False, lstrip=False, rstrip=False, normalized=False)
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
        special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep")}
        (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", **special}))
        values = json.loads((folder / "config.json").read_text()) | (config or {})
        (folder / "config.json").write_text(json.dumps(values))
        if settings:
            (folder / "config_sentence_transformers.json").write_text(json.dumps(settings))
            (folder / "modules.json").write_text(json.dumps([transformer]))
            (folder / "sentence_bert_config.json").write_text(json.dumps(sentence_bert))
        evaluator = SASEvaluator(model=str(folder), device=ComponentDevice.from_str("cpu"))
        result = evaluator.run(ground_truth_answers=expected, predicted_answers=predicted)
    cases.append({"model": model, "config": config or {}, "settings": settings or {}, "score": float(result["score"]),
                  "individual_scores": result["individual_scores"]})


for model in ["modernbert_ranker", "bert_nli"]:
    case(model)
    for name in ["Sigmoid", "Softmax", "Softplus", "LogSoftmax", "SELU"]:
        case(model, {"sentence_transformers": {"activation_fn": torch_name + name, "version": "5.7.0"}})
    case(model, {"sentence_transformers": {"activation_fn": None}, "sbert_ce_default_activation_function": torch_name + "Tanh"})
    case(model, {"sbert_ce_default_activation_function": torch_name + "Tanh"})
    case(model, {"sbert_ce_default_activation_function": "my_models.Scaled"})
    for name in [torch_name + "ReLU", "my_models.Scaled"]:
        case(model, {"sbert_ce_default_activation_function": torch_name + "Tanh"}, {"model_type": "CrossEncoder", "activation_fn": name})
json.dump({"expected": expected, "predicted": predicted, "cases": cases}, sys.stdout, indent=1)
print()
