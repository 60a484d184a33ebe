"""Gives the tiny encoders that tests ask for texts a tokenizer of 40 words: make_tokenizer.py [FOLDER]"""
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
words = ("[PAD] [UNK] [CLS] [SEP] two three ship ##s harbour crane berth the a is in of : , . ? ! what where who capital "
         "berlin paris germany france city query rain snow ##y ##ing sail load cat dog red").split()
tokenizer = {
    "added_tokens": [{"id": i, "content": words[i], "special": True} for i in range(4)],
    "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
                   "lowercase": True},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 2], "sep": ["[SEP]", 3]},
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
              "max_input_chars_per_word": 100, "vocab": {word: i for i, word in enumerate(words)}},
}
assert len(words) == 40
for name in ("bert_ner", "bert_nli", "bert_qa", "modernbert_ranker", "st_dense", "st_prompt", "st_splade"):
    (folder / name / "tokenizer.json").write_text(json.dumps(tokenizer) + "\n")
