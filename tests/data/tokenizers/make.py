#!/usr/bin/env python3
"""What the package `tokenizers` says of random texts, for tokenizers of every kind that it has.

    make.py [--texts N] [--edges N] [--seed S] [--charsmap FILE] [OUT]     (default: recorded.jsonl beside this file)

Needs `pip install tokenizers==0.22.2`. The models are trained here, on TEXTS below, so that they are small. Each line of
the output is one tokenizer: its tokenizer.json less the model, the name of its model, and cases; the first line has the
models. BERTH_TOKENIZERS_RECORDED=OUT tokenizer_test runs the test over another output, of more texts. Characters are those that Python's Unicode (14) knows, since the parts of `tokenizers` know different versions.
"""
import argparse
import base64
import json
import pathlib
import random
import struct
import unicodedata

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from tokenizers import __version__ as version

TEXTS = [
    "The harbour master counted every crane, and the ships' names: it's the 3rd of May 2024, they've said; we'll see.",
    "Don't you know? I'm here, you're there, he'd gone... 100% sure! C++ <tag> [MASK] </s> a@b.org x=y+z #1",
    "Über die Straße lief ein naïver Café-Gast; ÉCOLE, œuvre, ﬁne, ½ ² ① Ⅷ",
    "Быстрая коричневая лиса. Ελληνικά κείμενα ΣΊΣΥΦΟΣ. İstanbul ıI",
    "中文分词 東京タワー ひらがな 한국어 조선말 ภาษาไทย हिन्दी क्षत्रिय العربية مُحَمَّد עברית שָׁלוֹם",
    "🚢👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇩🇪🇫🇷 e\u0301a\u0308\u0323 \u200b\ufeff\u00ad tab\tnew\nline\r\n two  spaces   three",
    "lower lowest newer newest wider widest the then there these those house mouse",
]
EDGES = [
    "", " ", "  ", "\n", "a", "\t\t", "\u0301", "e\u0301", "\u0130", "ß", "ﬁ", "\u00a0", "\u200d", "\u2581", "▁a ▁b", "\ufffd", "\x00", "\x7f\x1b[0m",
    "'s", "''''", "a's", "12345 ½ ٣٤٥", "中", "中a中", "한", "ᄒ\u1161\u11ab", "👩‍👩‍👧", "🇩🇪🇫", "<0x41>", "[CLS]", "[MASK]x [MASK] x", " [MASK] ", "a[MASK]",
    "\r\n\r\n", "a \n b", "    a", "a    ", "\u1680\u2003a", "x" * 120, "\u0344\u0958\ufb1d", "\u1e9b\u0323", "ǅ", "Σας ΣΑΣ Σ", "don't", "a\u0000b",
    "<s>a</s>", "l'eau", "100,000.00", "naïve café", "\U0001f600\U0001f600", "\u0f77\u0f73", "A\u030a\u0323", "tok tok", "TOK", "\u2028\u2029\x85",
]
POOLS = [
    "abcdefghij klmnopqrst uvwxyz ", "ABC XYZ ", "0123456789", " \t\n\r", ".,;:!?'\"()[]{}<>#@&%$+-=*/\\|^~`_", "éèäöüßñçøåæœﬁﬂ", "ÉÈÄÖÜÑÇØÅÆŒ",
    "\u0300\u0301\u0308\u0323\u0327\u0345\u20dd\u0903\u093e", "абвгдежАБВΑΒΓαβγςΣ", "中文字東京日本語", "ひらがなカタカナー", "한국어각\u1112\u1161\u11ab", "العربيةשלום",
    "हिन्दीक्षনাதமிழ்", "ภาษาไทยກຂ", "😀🚢👩👧🏴🇩🇪❤\u200d\ufe0f\U0001f3fd", "\u00a0\u2003\u3000\u200b\u200d\ufeff\u00ad\u2028", "½²①Ⅷ٣५", "\x01\x0b\x1f\x7f\x85\x9f", "▁Ġ##</w>",
]


def charsmap(rules):
    """SentencePiece's "precompiled_charsmap" of these replacements, as base64."""
    texts, values = b"", {}
    for old, new in sorted(rules.items(), key=lambda rule: rule[0].encode()):
        values[old.encode()] = len(texts)
        texts += new.encode() + b"\0"
    units, used = [0] * 4096, {0}
    todo = [(0, b"")]
    while todo:
        node, prefix = todo.pop(0)
        labels = sorted({key[len(prefix)] if len(key) > len(prefix) else 0 for key in values if key.startswith(prefix)})
        base = next(b for b in range(1, 4096) if not used & {b ^ label for label in labels} and max(b ^ label for label in labels) < 4096)
        units[node] |= (node ^ base) << 10 | (256 if 0 in labels else 0)
        for label in labels:
            child = base ^ label
            used.add(child)
            if label == 0:
                units[child] = 1 << 31 | values[prefix]
            else:
                units[child] = label
                todo.append((child, prefix + bytes([label])))
    units = units[:(max(used) | 255) + 1]
    return base64.b64encode(struct.pack(f"<I{len(units)}I", 4 * len(units), *units) + texts).decode()


RULES = {"\t": " ", "\n": " ", "ﬁ": "fi", "½": "1⁄2", "Å": "Å", "\u200b": "", "e\u0301": "é", "①": "1", "㌀": "アパート", "\u00ad": "", "Ⅷ": "VIII", "\u3000": " ", "ﬂ": "fl", "\r\n": " ", "ａ": "a"}


def train(model, trainer, pre_tokenizer, normalizer=None):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.train_from_iterator(TEXTS, trainer)
    return json.loads(tokenizer.to_str())["model"]


SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<s>", "</s>", "<unk>"]


def make_models():
    pre, made = pre_tokenizers, {}
    bert = normalizers.BertNormalizer()
    made["wp"] = train(models.WordPiece(unk_token="[UNK]"), trainers.WordPieceTrainer(vocab_size=330, special_tokens=SPECIALS, show_progress=False), pre.BertPreTokenizer(), bert)
    made["wp_short"] = dict(made["wp"], max_input_chars_per_word=6)
    made["wp_dash"] = dict(made["wp"], continuing_subword_prefix="", unk_token="[MASK]")
    made["wp_no_unk"] = {**made["wp"], "vocab": {k: v for k, v in made["wp"]["vocab"].items() if len(k) == 1}}
    made["level"] = train(models.WordLevel(unk_token="[UNK]"), trainers.WordLevelTrainer(vocab_size=90, special_tokens=SPECIALS, show_progress=False), pre.Whitespace())
    made["bytes"] = train(models.BPE(), trainers.BpeTrainer(vocab_size=420, special_tokens=SPECIALS, initial_alphabet=pre.ByteLevel.alphabet(), show_progress=False), pre.ByteLevel(add_prefix_space=True))
    made["bytes_whole"] = dict(made["bytes"], ignore_merges=True, merges=made["bytes"]["merges"][::2][:40])
    tokens = set(made["bytes"]["vocab"])
    made["bytes_whole"]["merges"] = [m for m in made["bytes_whole"]["merges"] if m[0] + m[1] in tokens]
    small = dict(vocab_size=300, special_tokens=SPECIALS, limit_alphabet=60, show_progress=False)
    made["bpe"] = train(models.BPE(unk_token="<unk>"), trainers.BpeTrainer(**small), pre.Whitespace())
    made["bpe_fuse"] = dict(made["bpe"], fuse_unk=True)
    made["bpe_silent"] = dict(made["bpe"], unk_token=None)
    made["bpe_parts"] = train(models.BPE(unk_token="<unk>", continuing_subword_prefix="##", end_of_word_suffix="</w>", fuse_unk=True), trainers.BpeTrainer(continuing_subword_prefix="##", end_of_word_suffix="</w>", **small), pre.Whitespace())
    spaced = pre.Metaspace()
    sp = train(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True), trainers.BpeTrainer(**small), spaced)
    for byte in range(256):
        sp["vocab"].setdefault(f"<0x{byte:02X}>", len(sp["vocab"]))
    made["bpe_fallback"] = dict(sp, merges=[" ".join(merge) for merge in sp["merges"]])
    made["unigram"] = train(models.Unigram(), trainers.UnigramTrainer(vocab_size=220, special_tokens=SPECIALS, unk_token="<unk>", show_progress=False), spaced)
    made["unigram_fallback"] = dict(made["unigram"], byte_fallback=True, vocab=made["unigram"]["vocab"] + [[f"<0x{byte:02X}>", -12.5] for byte in range(256)])
    made["unigram_no_unk"] = dict(made["unigram"], unk_id=None)
    return made


def cls_sep(kind):
    if kind == "bert":
        return processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    if kind == "template":
        return processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    if kind == "swapped":
        return processors.TemplateProcessing(single="$A:2 [SEP]:3", pair="$B:1 [SEP]:5 $A:7 [CLS]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return processors.RobertaProcessing(("</s>", 6), ("<s>", 5), trim_offsets=kind != "roberta_plain", add_prefix_space=kind != "roberta_bare")


GPT4 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
DEEPSEEK = r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
KIMI = r"[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s+"
PATTERNS = [GPT4, O200K, DEEPSEEK, KIMI, r"\w+|[^\w\s]+", r"\b", r"(?<=[a-z])(?=[A-Z])", r"^|$", r"[[:alpha:]]+|[[:punct:]]", r"\h+|\S\d", r"(?m).+?[aeiou]", r"(?x) a b | \#", r"[^\S\n]+",
            r"a*", r"|b", r"\p{^L}+", r"\P{Alnum}", r"[a-z&&[^aeiou]]+", r"[\s[:upper:]]", r"x{2,3}+", r"[一-龥぀-ゟ゠-ヿ]+", r"\A.|.\z", r"(?>a|ab)c|\u0301|\x{1F6A2}", r"[\]\-^]|[\w-]+", r".\Z"]
BEHAVIORS = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]


def variants(full_charsmap):
    """Names, models and parts: normalizer, pre-tokenizer, post-processor, decoder, and what is done to the tokenizer."""
    N, P, D = normalizers, pre_tokenizers, decoders
    bert = N.BertNormalizer()
    yield "bert", "wp", bert, P.BertPreTokenizer(), cls_sep("template"), D.WordPiece(), None
    for number, flags in enumerate([(0, 1, 1, 0), (1, 0, 0, 1), (0, 0, None, 1), (1, 1, None, 0)]):
        yield f"bert_{number}", "wp", N.BertNormalizer(*[flag if flag is None else bool(flag) for flag in flags]), P.BertPreTokenizer(), cls_sep("bert"), D.WordPiece(cleanup=False), None
    for name in ["wp_short", "wp_dash", "wp_no_unk", "level"]:
        yield name, name, bert, P.Whitespace(), cls_sep("swapped"), None, None
    for name in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel"]:
        yield f"normalizer_{name}", "bpe", getattr(N, name)(), P.WhitespaceSplit(), None, None, None
    steps = {"strip": N.Strip(), "strip_left": N.Strip(right=False), "strip_right": N.Strip(left=False), "prepend": N.Prepend("▁"), "prepend_two": N.Prepend("ab"),
             "replace": N.Replace("a", "ωx"), "replace_away": N.Replace(Regex(r"\s+"), ""), "replace_regex": N.Replace(Regex(r"(.)\1|[aeiou]{2,}"), "_"), "replace_quotes": N.Replace("''", '"'),
             "llama": N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")]), "albert": N.Sequence([N.Replace("``", '"'), N.NFKD(), N.StripAccents(), N.Lowercase()]),
             "many": N.Sequence([N.NFD(), N.Lowercase(), N.StripAccents(), N.Replace(Regex(" {2,}"), " "), N.Strip(), N.NFC()])}
    for name, step in steps.items():
        yield f"normalizer_{name}", "unigram" if len(name) % 2 else "bpe", step, P.Metaspace() if len(name) % 3 == 0 else P.Whitespace(), None, D.Metaspace(), None
    maps = {"rules": charsmap(RULES)}
    if full_charsmap:
        maps["full"] = base64.b64encode(full_charsmap).decode()
    for name, text in maps.items():
        state = N.Precompiled(base64.b64decode(text))
        yield f"precompiled_{name}", "unigram", state, P.Metaspace(), cls_sep("roberta_plain"), D.Metaspace(), None
        yield f"precompiled_{name}_xlmr", "unigram_fallback", N.Sequence([state, N.Replace(Regex(" {2,}"), "▁")]), P.Sequence([P.WhitespaceSplit(), P.Metaspace()]), cls_sep("template"), D.Metaspace(), None
    for number, pattern in enumerate(PATTERNS):
        yield f"split_{number}", "bpe", None, P.Split(Regex(pattern), BEHAVIORS[number % 5], invert=number % 7 == 3), None, None, None
        if number < 4:
            yield f"split_bytes_{number}", "bytes_whole" if number % 2 else "bytes", N.NFC(), P.Sequence([P.Split(Regex(pattern), "isolated"), P.ByteLevel(add_prefix_space=False, use_regex=False)]), processors.ByteLevel(trim_offsets=number == 2), D.ByteLevel(), None
    for behavior in BEHAVIORS:
        yield f"split_text_{behavior}", "bpe_fuse", None, P.Sequence([P.Split(" ", behavior), P.Punctuation(behavior)]), None, None, None
        yield f"split_invert_{behavior}", "bpe", None, P.Split(Regex(r"\w+"), behavior, invert=True), None, None, None
    pres = {"punctuation": P.Punctuation(), "digits": P.Digits(), "digits_each": P.Digits(individual_digits=True), "delimiter": P.CharDelimiterSplit("e"), "scripts": P.UnicodeScripts(),
            "fixed": P.FixedLength(3), "none": None, "sequence": P.Sequence([P.UnicodeScripts(), P.Digits(individual_digits=True), P.WhitespaceSplit()])}
    for name, pre in pres.items():
        yield f"pre_{name}", "bpe_silent" if name == "none" else "bpe", None, pre, None, None, None
    for scheme in ["always", "first", "never"]:
        for split in [True, False]:
            yield f"metaspace_{scheme}_{split}", "unigram", None, P.Metaspace(prepend_scheme=scheme, split=split), None, D.Metaspace(prepend_scheme=scheme), [AddedToken("<s>"), AddedToken("tok", normalized=False, lstrip=True)]
    yield "metaspace_other", "bpe", None, P.Metaspace(replacement="é"), None, D.Metaspace(replacement="é"), None
    for number, (prefix, trim) in enumerate([(True, True), (True, False), (False, True), (False, False)]):
        yield f"gpt2_{number}", "bytes", None, P.ByteLevel(add_prefix_space=prefix, trim_offsets=trim, use_regex=number != 3), processors.ByteLevel(trim_offsets=trim, add_prefix_space=prefix), D.ByteLevel(), [AddedToken("[MASK]", lstrip=True, special=True)]
        yield f"roberta_{number}", "bytes", None, P.ByteLevel(add_prefix_space=prefix, trim_offsets=trim), cls_sep(["roberta", "roberta_plain", "roberta_bare", "roberta"][number]), D.ByteLevel(), None
    yield "llama_sequence", "bytes", None, P.ByteLevel(add_prefix_space=False), processors.Sequence([processors.ByteLevel(trim_offsets=False), cls_sep("template")]), D.ByteLevel(), None
    yield "sequence_trimmed", "bytes", N.ByteLevel(), None, processors.Sequence([processors.ByteLevel(trim_offsets=True), cls_sep("bert")]), D.ByteLevel(), None
    llama = D.Sequence([D.Replace("▁", " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 1, 0)])
    yield "llama2", "bpe_fallback", N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")]), None, cls_sep("swapped"), llama, [AddedToken("<s>", normalized=False, special=True), AddedToken("</s>", normalized=True, special=True)]
    yield "gemma", "bpe_fallback", N.Replace(" ", "▁"), P.Split(" ", "merged_with_previous"), cls_sep("template"), D.Sequence([D.Replace("▁", " "), D.ByteFallback(), D.Fuse()]), None
    yield "unigram_fallback", "unigram_fallback", None, P.Metaspace(), None, D.Sequence([D.ByteFallback(), D.Metaspace()]), None
    yield "unigram_no_unk", "unigram_no_unk", None, P.Metaspace(), None, D.Metaspace(), None
    yield "bpe_parts", "bpe_parts", None, P.Whitespace(), None, D.BPEDecoder(), None
    yield "bpe_fuse", "bpe_fuse", None, P.WhitespaceSplit(), None, D.CTC(pad_token="e", word_delimiter_token="a"), None
    yield "decoder_strip", "bpe", None, P.Whitespace(), None, D.Sequence([D.Strip("e", 1, 2), D.Replace(Regex("[aeiou]"), "*")]), None
    yield "decoder_ctc", "bpe", None, P.Whitespace(), None, D.CTC(cleanup=False), None
    yield "decoder_wordpiece", "bpe", None, P.Whitespace(), None, D.WordPiece(prefix="t"), None
    tokens = {"single": [AddedToken("tok", single_word=True), AddedToken("the", single_word=True, normalized=False)], "strips": [AddedToken("[MASK]", lstrip=True, rstrip=True, special=True), AddedToken("e", rstrip=True), AddedToken(" ", lstrip=True)],
              "normalized": [AddedToken("TOK"), AddedToken("Café", normalized=True), AddedToken("É", normalized=True, single_word=True), AddedToken("ships", lstrip=True)],
              "long": [AddedToken("ab"), AddedToken("abc"), AddedToken("bcd"), AddedToken("th"), AddedToken("the "), AddedToken("e t", normalized=False)],
              "special": [AddedToken("<s>", special=True), AddedToken("</s>", special=True, normalized=True), AddedToken("new!", special=True), AddedToken("a", special=True, single_word=True)]}
    for name, added in tokens.items():
        yield f"added_{name}", "wp", bert, P.BertPreTokenizer(), cls_sep("template"), D.WordPiece(), added
    for number, (length, stride, strategy, direction) in enumerate([(6, 0, "longest_first", "right"), (8, 2, "longest_first", "left"), (12, 3, "only_first", "right"), (14, 4, "only_second", "right"), (9, 1, "only_second", "left"), (3, 0, "longest_first", "right"), (40, 8, "longest_first", "right"), (10, 2, "only_first", "left")]):
        kind = ["template", "bert", "roberta", "swapped", None][number % 5]
        yield f"truncate_{number}", "bytes" if kind == "roberta" else "wp", None if kind == "roberta" else bert, P.ByteLevel() if kind == "roberta" else P.BertPreTokenizer(), cls_sep(kind) if kind else None, None, lambda t, a=(length, stride, strategy, direction): t.enable_truncation(a[0], stride=a[1], strategy=a[2], direction=a[3])
    for number, options in enumerate([dict(length=12), dict(direction="left", pad_to_multiple_of=8), dict(length=5, pad_id=4, pad_type_id=3, pad_token="[MASK]"), dict(pad_to_multiple_of=5, direction="right")]):
        def both(t, options=options, number=number):
            t.enable_padding(**options)
            if number % 2:
                t.enable_truncation(9, stride=2)
        yield f"pad_{number}", "wp", bert, P.BertPreTokenizer(), cls_sep(["template", "bert"][number % 2]), None, both


def known(code):
    return not 0xD800 <= code < 0xE000 and unicodedata.category(chr(code)) != "Cn"


def random_text(rng):
    parts = []
    for _ in range(rng.choice([1, 2, 3, 5, 9])):
        kind = rng.random()
        if kind < 0.35:
            words = rng.choice(TEXTS).split(" ")
            at = rng.randrange(len(words))
            parts.append(" ".join(words[at:at + rng.randrange(1, 4)]))
        elif kind < 0.55:
            parts.append(rng.choice(EDGES)[:24])
        elif kind < 0.9:
            pool = rng.choice(POOLS)
            parts.append("".join(rng.choice(pool) for _ in range(rng.randrange(1, 6))))
        else:
            codes = [rng.choice([rng.randrange(0x3000), rng.randrange(0x20000), rng.randrange(0x110000)]) for _ in range(rng.randrange(1, 4))]
            parts.append("".join(chr(code) for code in codes if known(code)))
        parts.append(rng.choice(["", "", " ", "  "]))
    return "".join(parts)


def encoding(tokenizer, e, with_overflow=True):
    """Only what cannot be told from the rest: tokens that are not the text of their id, lists that are not all alike.
    Pieces that overflow have the others in their own lists, once more: those are left out."""
    made = {"ids": e.ids, "offsets": [edge for span in e.offsets for edge in span], "words": e.word_ids}
    if e.tokens != [tokenizer.id_to_token(number) for number in e.ids]:
        made["tokens"] = e.tokens
    for name, column, usual in [("type_ids", e.type_ids, 0), ("special", e.special_tokens_mask, 0), ("attention", e.attention_mask, 1), ("sequences", e.sequence_ids, 0)]:
        if any(value != usual for value in column):
            made[name] = column
    if with_overflow and e.overflowing:
        made["overflow"] = [encoding(tokenizer, part, False) for part in e.overflowing]
    return made


def short(models):
    """Each model as what differs from one before."""
    shorter = {}
    for name, model in models.items():
        like = next((other for other in shorter if models[other]["vocab"] == model["vocab"] and model["type"] == models[other]["type"]), None)
        shorter[name] = model if like is None else {"like": like, **{k: v for k, v in model.items() if models[like].get(k) != v}}
    return shorter


def short_token(token):
    """Without what is usual."""
    return {k: v for k, v in token.items() if k != "id" and v != ((not token["special"]) if k == "normalized" else False)}


def record(tokenizer, rng, count, edges):
    cases, texts = [], [rng.choice(EDGES) for _ in range(edges)] if edges < len(EDGES) else list(EDGES)
    texts += [random_text(rng) for _ in range(count)]
    for number, text in enumerate(texts):
        case = {"text": text}
        if number % 3 == 1:
            case["pair"] = rng.choice(texts)
        if number % 5 == 4:
            case["special"] = False
        if number % 11 == 7:
            case = {"words": text.split(" ")}
        try:
            if "words" in case:
                e = tokenizer.encode(case["words"], is_pretokenized=True)
            else:
                e = tokenizer.encode(text, case.get("pair"), add_special_tokens=case.get("special", True))
            case["expected"] = encoding(tokenizer, e)
        except Exception:
            case["expected"] = "error"
        except BaseException:  # a panic
            continue
        cases.append(case)
        if case["expected"] != "error" and number % 4 == 0:
            ids = e.ids + [rng.randrange(400) for _ in range(3)]
            skip = number % 8 == 0
            try:
                cases.append({"decode": ids, "skip": skip, "text": tokenizer.decode(ids, skip_special_tokens=skip)})
            except BaseException:
                pass
    return cases


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=int, default=2)
    parser.add_argument("--edges", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--charsmap", help="a whole precompiled_charsmap, as nmt_nfkc")
    parser.add_argument("out", nargs="?", default=pathlib.Path(__file__).with_name("recorded.jsonl"))
    args = parser.parse_args()
    rng = random.Random(args.seed)
    made = make_models()
    full = pathlib.Path(args.charsmap).read_bytes() if args.charsmap else None
    with open(args.out, "w") as out:
        write = lambda line: out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        write({"tokenizers": version, "models": short(made)})
        for name, model, normalizer, pre_tokenizer, post_processor, decoder, extra in variants(full):
            tokenizer = Tokenizer.from_str(json.dumps({"version": "1.0", "added_tokens": [], "model": made[model]}))
            if normalizer is not None:
                tokenizer.normalizer = normalizer
            if pre_tokenizer is not None:
                tokenizer.pre_tokenizer = pre_tokenizer
            if post_processor is not None:
                tokenizer.post_processor = post_processor
            if decoder is not None:
                tokenizer.decoder = decoder
            tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIALS[:5] if token in made[model]["vocab"]] if isinstance(extra, type(None)) or callable(extra) else [])
            if callable(extra):
                extra(tokenizer)
            elif extra:
                tokenizer.add_tokens(extra)
            state = json.loads(tokenizer.to_str())
            del state["model"]
            state.pop("version")
            state["added_tokens"] = [short_token(token) for token in state["added_tokens"]]
            write({"name": name, "model": model, "tokenizer": {k: v for k, v in state.items() if v}, "cases": record(tokenizer, rng, args.texts, args.edges)})


if __name__ == "__main__":
    main()
