#!/usr/bin/env python3
"""What Python answers, for the parts of Berth that do as Python does; writes the JSON files beside this script."""
import json
import pathlib
import re
import warnings

warnings.simplefilter("ignore")
HERE = pathlib.Path(__file__).parent

TEXTS = ["", "a", "abc abc", "baac", "Größe: 7, ½ naïve café_1", "line\nline\n", "x=1, y = 22", "日本語 テスト kana",
         "a_b-c.d", "tab\tand\x0bvertical", "[a]:[b]", "don't stop", "２３ ٤٥", "aaa", "A1b2C3", "e\u0301t\u00e9"]
PATTERNS = [r"(?u)\b\w+\b", r"\w+", r"(?a)\w+", r"(?i)ABC", r"(?iu)größe", r"a*", r"(a)|b", r"(\w)(\d)?", r"(?P<name>\w+)=(?P<value>\d+)",
            r"^line$", r"(?m)^line$", r"line\Z", r"[\w-]+", r"[]a]", r"[[:alpha:]]", r"[^\s]+", r"\v", r"\u00e9", r"\U000000e9",
            r"a{,2}", r"\d+", r"(?<=a)b?", r"(?<!a)b", r"(?s).+", r".+", r"\bdon't\b", r"(?x) a  b # comment", r"(a+)+",
            r"(\w)\1", r"x|", r"[^\]]+", r"\S+", r"[\u3040-\u30ff]+", r"(?:)", r"\Ba", r"(?P<a>a)(?P=a)", r"a++", r"(?>a+)"]
REFUSED = ["(", ")", "[", "*", "a**", "(?P<n>", r"\K", r"\C", r"\h", r"\p{L}", "(*UTF)a", "(?R)", "(?C)", "(?<n>a)", "(?au)a",
           r"\u12", "a\\", "(?<=a+)b", r"(a)\2", "(?P<a>.)(?P<a>.)", "[b-a]", "(?L)a", "(?Pa)", "a{2,1}", "(?|a)"]


def regex():
    found = []
    for pattern in PATTERNS:
        for text in TEXTS:
            at = [len(text[:i].encode()) for i in range(len(text) + 1)]
            matches = [[at[m.start()], at[m.end()], *m.groups()] for m in re.finditer(pattern, text)]
            if matches:
                found.append({"pattern": pattern, "text": text, "matches": matches})
            elif re.search(pattern, text) is None:
                found.append({"pattern": pattern, "text": text, "matches": []})
    for pattern in REFUSED:
        try:
            re.compile(pattern)
        except (re.error, ValueError):
            continue
        raise SystemExit(f"Python accepts {pattern}")
    return {"finditer": found, "refused": REFUSED}


def lower_case():
    every = "".join(chr(code) for code in range(0x80, 0x110000) if chr(code).lower() != chr(code) and code != 0x3a3)
    texts = ["", "ABC xyz 123", "GRÖSSE ẞ ÄÉÎ", "İstanbul I ı", "ΑΣ", "ΣΑΣ ΑΣΑ", "Σ", "ΟΔΟΣ. ΟΔΥΣΣΕΥΣ", "ΑΣ'Α ΑΣ' 'Σ", "Α'Σ Α..Σ ʰΣ",
             "ΣΣ ΑΣΣ Α\u0301Σ\u0301", "ΑΣ\u00adΑ ΑΣ\u00ad aΣ 1Σ ΑΣ1 ΑΣʰ ΑΣʰΑ", "ⅧⒶ ǅǄ Ω K Å", "ᎠᏴ Ა 𐐀 𞤀"]
    return {"lower": [[text, text.lower()] for text in [*texts, every]]}


def write(name, value):
    lines = ",\n".join(f" {json.dumps(key)}: [\n" + ",\n".join("  " + json.dumps(one, ensure_ascii=False) for one in values) + "\n ]"
                       for key, values in value.items())
    (HERE / name).write_text("{\n" + lines + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write("regex.json", regex())
    write("lower_case.json", lower_case())
