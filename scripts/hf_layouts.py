"""Writes src/plan/device_map/hf_layouts.h: how the model classes of transformers lay out their modules.

    python scripts/hf_layouts.py > src/plan/device_map/hf_layouts.h    # needs torch and transformers, and some minutes
    python scripts/hf_layouts.py GPT2LMHeadModel            # of some classes alone

Each class is built without weights from its default configuration, and with its embeddings tied. Classes that cannot be
built so are told on standard error. src/plan/device_map/hf_layout.h tells the notation.
"""
import logging, re, signal, sys, warnings

OUTPUT, sys.stdout = sys.stdout, sys.stderr  # transformers prints when it is imported
warnings.filterwarnings("ignore")
import torch
import transformers
from transformers.models.auto import modeling_auto as auto
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

transformers.logging.set_verbosity_error()
logging.disable(logging.CRITICAL)

TASKS = ["", "FOR_CAUSAL_LM_", "FOR_SEQ_TO_SEQ_CAUSAL_LM_", "FOR_IMAGE_TEXT_TO_TEXT_", "FOR_MASKED_LM_", "WITH_LM_HEAD_",
         "FOR_SEQUENCE_CLASSIFICATION_", "FOR_TOKEN_CLASSIFICATION_", "FOR_QUESTION_ANSWERING_",
         "FOR_SPEECH_SEQ_2_SEQ_", "FOR_CTC_", "FOR_IMAGE_CLASSIFICATION_", "FOR_TEXT_ENCODING_", "FOR_PRETRAINING_",
         "FOR_MULTIPLE_CHOICE_", "FOR_AUDIO_CLASSIFICATION_"]


LONGEST = 1500  # of what is written down: models of pictures without layers are longer


def classes():
    found = {}
    for task in TASKS:
        for kind, names in getattr(auto, f"MODEL_{task}MAPPING_NAMES").items():
            for name in [names] if isinstance(names, str) else names:
                if name and hasattr(transformers, name): found.setdefault(name, kind)
    return found


def prepared(config, few):
    """What its class needs and its default lacks; `few`: with few layers and experts, so that it is built in a moment."""
    def put(name, value):
        try: setattr(config, name, value)
        except NotImplementedError: pass

    get = lambda name: getattr(config, name, 0)
    if get("head_dim") is None and get("num_attention_heads"): put("head_dim", get("hidden_size") // get("num_attention_heads"))
    if get("num_key_value_heads") is None: put("num_key_value_heads", get("num_attention_heads"))
    if get("vocab_size") is None: put("vocab_size", 33)
    if (get("pad_token_id") or 0) >= (get("vocab_size") or 0) > 0: put("pad_token_id", 0)
    if get("vocabulary_map") is None: put("vocabulary_map", {})
    if get("model_type") == "granitemoehybrid": put("layer_types", ["mamba", "attention"] * 16)
    for name in ("num_hidden_layers", "num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"):
        if few and isinstance(get(name), int) and get(name) > 8: put(name, 8)
    for part in ("text_config", "vision_config", "audio_config"):
        if hasattr(get(part), "to_dict"): prepared(get(part), few)
    return config


class Node:
    def __init__(self):
        self.params, self.buffers, self.children = [], {}, {}
        self.block, self.is_list, self.empty = "", False, False
        self.kinds = {}  # children of each class of block that stands here


def merge_keys(old, new):
    """Both, each in its order."""
    result, at = list(old), 0
    for key in new:
        if key in result: at = result.index(key) + 1
        else:
            result.insert(at, key)
            at += 1
    return result


def merge(a, b):
    if a is None: return b
    if b is None: return a
    a.params = merge_keys(a.params, b.params)
    for name, buffer in b.buffers.items(): a.buffers.setdefault(name, buffer)
    order = merge_keys(a.children, b.children)
    a.children = {key: merge(a.children.get(key), b.children.get(key)) for key in order}
    a.kinds = {**b.kinds, **a.kinds}
    a.block = a.block or b.block
    a.is_list, a.empty = a.is_list or b.is_list, a.empty and b.empty
    return a


TYPES = {torch.bool: "bool", torch.int64: "int64", torch.int32: "int32", torch.uint8: "uint8"}


def unsaved(model):
    """Parameters that stand in no file, and are computed instead."""
    patterns = getattr(model, "_keys_to_ignore_on_save", None) or []
    names = {}
    for name, value in model.named_parameters(remove_duplicate=False): names.setdefault(id(value), []).append(name)
    for name in (each[0] for each in names.values() if len(each) == 1):
        if any(re.search(pattern, name) for pattern in patterns): yield name


class Reader:
    def __init__(self, model):
        self.model, self.config = model, model.config
        self.no_split = set(getattr(model, "_no_split_modules", None) or [])
        try: self.no_split = set(model._get_no_split_modules("auto"))
        except Exception: pass
        self.seen = {}
        self.shared = []
        self.unsaved = set(unsaved(model))

    def dims(self, value, module, name):
        sizes = [self.dim(n, module, name) for n in value.shape]
        for width in ("d_model", "hidden_size"):  # of positions that are computed
            if name in ("weight", "weights") and len(sizes) == 2 and value.shape[1] == self.config.to_dict().get(width):
                sizes[1] = width
        return ",".join(sizes)

    def dim(self, n, module, name):
        if n == 1: return "1"
        if name.endswith("inv_freq") and n == self.rotary(): return "R"
        for child, each in module.named_children():
            weight = getattr(each, "weight", None)
            if "position" in child and weight is not None and weight.dim() == 2 and weight.shape[0] == n: return "#" + child
        keys = self.config.to_dict() if not hasattr(self.config, "text_config") else self.config.text_config.to_dict()
        keys = [key for key, value in keys.items() if value == n and type(value) is int]
        words = ("position", "n_ctx", "seq_len", "context")
        keys.sort(key=lambda key: not any(word in key for word in words))
        return keys[0] if keys and any(word in keys[0] for word in words) else str(n)

    def rotary(self):
        config = self.config.get_text_config()
        get = lambda name: getattr(config, name, None)
        try:
            width = get("qk_rope_head_dim") or get("head_dim") or config.hidden_size // config.num_attention_heads
            return (int(width * (get("partial_rotary_factor") or get("rotary_pct") or 1)) + 1) // 2
        except Exception: return 0

    def read(self, module, path, top=True):
        node = Node()
        if id(module) in self.seen and path:
            self.shared.append((path, self.seen[id(module)]))
            return node
        self.seen[id(module)] = path
        name = type(module).__name__
        if name in self.no_split and path: node.block = name
        node.kinds = {node.block: [key for key, _ in module.named_children()]}
        inside = lambda key: f"{path}.{key}" if path else key
        node.empty = all(inside(key) in self.unsaved for key in module.state_dict())
        for key, value in module.named_parameters(recurse=False):
            if inside(key) in self.unsaved: node.buffers[key] = f"=:{self.dims(value, module, key)}"
        for key, value in module.named_buffers(recurse=False):
            if key in module._non_persistent_buffers_set:
                node.buffers[key] = f"{TYPES.get(value.dtype, '')}:{self.dims(value, module, key)}"
            else: node.buffers[key] = ""
        children = {key: self.read(child, inside(key)) for key, child in module.named_children()}
        if children: node.params = [key for key, _ in module.named_parameters(recurse=False)]
        uniform = type(module) is torch.nn.ModuleList
        if isinstance(module, torch.nn.Sequential) and len(children) > 1:
            uniform = len({type(child) for child in module.children()}) == 1 and any(True for _ in module[0].children())
        if uniform and children and all(key.isdigit() for key in children):
            node.is_list = True
            body = None
            for child in children.values(): body = merge(body, child)
            children = {"*": body}
        node.children = children
        return node


def write(node, inside_block=False):
    inside = inside_block or bool(node.block)
    items = []
    if not inside: items += [key + ":" for key in node.params]
    items += [f"{key}<{value}>" for key, value in node.buffers.items()]
    for key, child in node.children.items():
        text = write(child, inside)
        if not inside or text: items.append(key + marks(child, inside) + text)
    if node.is_list:
        only = node.children["*"]
        text = write(only, inside)
        return "[" + (marks(only, inside) + text) + "]" if not inside or text else ""
    return "(" + " ".join(items) + ")" if items else ""


blocks = []


def marks(node, inside):
    if inside: return "~" if node.empty else ""
    if node.block:
        text = ""
        for block, children in node.kinds.items():
            if not block: continue
            if block not in blocks: blocks.append(block)
            others = {key for other, keys in node.kinds.items() if other != block for key in keys}
            own = [key for key in children if key not in others]
            text += "!" + (str(blocks.index(block)) if blocks.index(block) else "")
            if len(node.kinds) > 1 and own: text += "?" + own[0]
        return text
    return "~" if node.empty else ""


def build(cls, config):
    with torch.device("meta"):
        model = cls(config)
    model.tie_weights()
    return model


def variants(cls, kind, few):
    def make(**kw):
        config = prepared(CONFIG_MAPPING[kind](**kw), few)
        is_of_text = cls.config_class is not None and not isinstance(config, cls.config_class)
        return config.get_text_config() if is_of_text else config

    yield make
    yield lambda: make(tie_word_embeddings=True)
    for name in ("word_embed_proj_dim", "embedding_size"):  # whose difference is made up by modules
        if hasattr(make(), name): yield lambda: make(**{name: make().hidden_size // 2})


def layout(name, kind, few=True):
    cls = getattr(transformers, name)
    root, ties, shared, usual = None, {}, {}, None
    problem = ValueError("it cannot be built")
    for make in variants(cls, kind, few):
        try: model = build(cls, make())
        except Exception as error:
            problem = error
            continue
        reader = Reader(model)
        root = merge(root, reader.read(model, ""))
        for alias, first in reader.shared: shared[alias] = first
        seen = {}
        for key, value in model.named_parameters(remove_duplicate=False):
            first = seen.setdefault(id(value), key)
            inner = any(key == a or key.startswith(a + ".") for a in shared)
            if first != key and not inner: ties[key] = first
        if usual is None: usual = set(ties)
    if root is None and few: return layout(name, kind, few=False)
    if root is None: raise problem
    blocks.clear()
    text = write(root)[1:-1]
    parts = [text, base(cls)]
    many = lambda pairs: len(pairs) > 24
    if many(ties) or many(shared): ties = {k: v for k, v in ties.items() if not any(p.isdigit() for p in k.split("."))}
    pairs = [f"{alias}={first}" for alias, first in shared.items()]
    pairs += [f"{alias}{'=' if alias in usual else '~'}{first}" for alias, first in ties.items()]
    parts.append(" ".join(pairs))
    parts.append(" ".join(renames(cls)))
    return "|".join(parts).rstrip("|")


def base(cls):
    return getattr(cls, "base_model_prefix", "") or ""


def renames(cls):
    for old, new in (getattr(cls, "_checkpoint_conversion_mapping", None) or {}).items():
        old = old.lstrip("^").split("(")[0].replace("\\", "")
        if "(" in new or "\\" in new: continue
        yield f"{old}>{new}"


class TooLong(Exception): pass


def late(*_): raise TooLong()


signal.signal(signal.SIGALRM, late)


HEADER = """/// Made by scripts/hf_layouts.py from transformers {version}: classes of models, and how their modules are laid out, in the
/// notation of plan/device_map/hf_layout.h.
#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace berth::plan {{

// clang-format off
constexpr auto hf_layouts = std::to_array<std::pair<std::string_view, std::string_view>>({{
{rows}
}});
// clang-format on

}}  // namespace berth::plan"""


def main():
    layouts, only = {}, sys.argv[1:]
    for name, kind in sorted(classes().items()):
        if only and name not in only: continue
        signal.alarm(40)
        try:
            text = layout(name, kind)
            if len(text) < LONGEST: layouts.setdefault(text, []).append(name)
        except (Exception, TooLong) as error:
            print(f"no layout of {name}: {type(error).__name__} {str(error)[:100]}", file=sys.stderr)
        finally: signal.alarm(0)
    rows = [f'    {{"{" ".join(names)}",\n     "{text}"}},' for text, names in sorted(layouts.items(), key=lambda each: each[1])]
    print(HEADER.format(version=transformers.__version__, rows="\n".join(rows)), file=OUTPUT)


main()
