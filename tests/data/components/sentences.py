"""How Haystack's DocumentSplitter splits by sentences: sentences.py > sentences.json, with haystack-ai 2.31.0 and nltk 3.10.4.

The models of Punkt beside this file, nltk_data/, are written here too. They are small and made up, so that nothing has to be
installed: each word is there for one of the rules.

A case has init_parameters, the texts of documents (with their numbers as `n` in their meta), and their parts or the error. The
id of a part is a hash of its text and of its meta before _split_overlap.
"""

import json
import logging
import os
import random
import sys
from pathlib import Path

DATA = Path(__file__).with_name("nltk_data")
os.environ["NLTK_DATA"] = str(DATA)

# How a word was seen: with a capital or in lower case, at the start of a sentence, inside, or anywhere.
BEGIN_UPPER, INSIDE_UPPER, ANY_UPPER, BEGIN_LOWER, INSIDE_LOWER, ANY_LOWER = (1 << n for n in range(1, 7))
STARTS = BEGIN_UPPER | INSIDE_LOWER
NAME = BEGIN_UPPER | INSIDE_UPPER
MODELS = {
    "english": {
        "abbrev_types": ["dr", "mr", "mrs", "e.g", "i.e", "u.s", "u.s.a", "p.m", "a.m", "inc", "vs", "fig", "no", "st", "ph.d",
                         "etc"],
        "collocations": [("##number##", "street"), ("j", "bach"), ("u.s", "army"), ("st", "louis"), ("etc", "usw")],
        "sent_starters": ["he", "the", "however", "it", "meanwhile"],
        "ortho_context": {
            "the": STARTS, "he": STARTS, "it": STARTS, "was": STARTS, "then": STARTS, "we": STARTS, "this": STARTS | ANY_UPPER,
            "nobody": STARTS, "ships": STARTS, "smith": NAME, "bach": NAME, "louis": NAME, "army": NAME | INSIDE_LOWER,
            "street": NAME | INSIDE_LOWER, "monday": NAME, "river": INSIDE_LOWER, "iota": BEGIN_LOWER,
            "lambda": BEGIN_LOWER | ANY_UPPER, "##number##": BEGIN_LOWER, "i": NAME, "a": STARTS, "and": INSIDE_LOWER,
            "so": STARTS | ANY_LOWER, "yes": BEGIN_UPPER,
        },
    },
    "german": {
        "abbrev_types": ["z.b", "d.h", "dr", "bzw", "nr", "ca", "u.a", "str"],
        "collocations": [("##number##", "januar"), ("##number##", "märz"), ("nr", "##number##")],
        "sent_starters": ["der", "die", "das", "er", "ähnlich"],
        "ortho_context": {"der": STARTS, "die": STARTS, "das": STARTS, "er": STARTS, "schiff": NAME, "haus": NAME,
                          "und": INSIDE_LOWER, "ähnlich": STARTS, "über": STARTS, "straße": NAME, "groß": STARTS},
    },
    "french": {
        "abbrev_types": ["m", "mme", "etc", "p.ex", "av", "c.-à-d"],
        "collocations": [("m", "dupont")],
        "sent_starters": ["il", "elle", "le", "à"],
        "ortho_context": {"il": STARTS, "le": STARTS, "à": STARTS, "été": INSIDE_LOWER, "dupont": NAME, "école": STARTS},
    },
    "russian": {"abbrev_types": ["т.е", "г", "д-р"], "collocations": [], "sent_starters": [], "ortho_context": {"он": STARTS}},
}


def write_models():
    for language, model in MODELS.items():
        folder = DATA / "tokenizers" / "punkt_tab" / language
        folder.mkdir(parents=True, exist_ok=True)
        files = {"abbrev_types.txt": model["abbrev_types"], "collocations.tab": map("\t".join, model["collocations"]),
                 "sent_starters.txt": model["sent_starters"],
                 "ortho_context.tab": (f"{word}\t{seen}" for word, seen in model["ortho_context"].items())}
        for name, lines in files.items():
            (folder / name).write_text("\n".join(lines), encoding="utf-8")


write_models()

import haystack  # noqa: E402
from haystack import Document  # noqa: E402
from haystack.components.preprocessors import DocumentSplitter  # noqa: E402

logging.disable(logging.CRITICAL)
cases = []


def part(document):
    kept = ("page_number", "split_idx_start", "_split_overlap")
    return {"id": document.id, "content": document.content} | {name: document.meta[name] for name in kept if name in document.meta}


def case(texts, **init):
    texts = [texts] if isinstance(texts, str) else texts
    cases.append({"init": init, "texts": texts})
    try:
        documents = [Document(content=text, meta={"n": n}) for n, text in enumerate(texts)]
        cases[-1]["parts"] = [part(each) for each in DocumentSplitter(**init).run(documents=documents)["documents"]]
    except Exception as error:  # noqa: BLE001
        cases[-1]["error"] = {"type": type(error).__name__, "message": str(error)}


def sentence(text, **more):
    case(text, split_by="sentence", split_length=1, **more)


ENGLISH = [
    "Ships sail. They come back!  Do they?\nNobody knows.",
    "Dr. Smith met Mrs. Jones at 5 p.m. The river was cold. It froze, e.g. in winter, i.e. for months.",
    "He left at 7 p.m. Then we slept. He left at 7 p.m. and slept. He left at 7 p.m. Monday was next.",
    "J. Bach wrote it. So did J. Smith. Then J. The end. A. was a letter. Plan B. He knew. X. iota was small.",
    "It cost 3.14 pounds in No. 5. Street names follow 12. Street. In 1999. The year ended. In 1999. he left. At 4. 5 more came.",
    "Wait... the river rose... The rest is gone. . . . So it was. . . and then.. Then.",
    'He said "Stop. Go on." and left. "Why?" he asked. "Yes." Then nothing. \'Odd. Very odd.\' That was all.',
    "He said “Stop. Go on.” and left. “Why?” «Yes.» Then ‘nothing.’ That was all.”",
    "One (see fig. 3). Two. (Three is here.) [Four.] {Five.} Six.) Seven.]] Eight.)} (Nine.)",
    "1. First things.\n2. Second things.\n 13. Thirteen.\n123. Too many.\nEnd 4. Last.\n5.\nFive.",
    "U.S. Army ships. The U.S. The end. He saw the U.S.A. It was big. St. Louis etc. Usw. Acme Inc. Meanwhile we slept.",
    "No end here", "", "   ", "  Leading. And trailing.  \n\n", ".", "...", "?!", ". . .", "a.b.c.d", ".a .b. c. D", ".)",
    "End.)", "End.))",
    "a!!! B??? c?! D.", "What?) Who!] He.} she.", "Odd.\u00a0Space.\u3000Here.\u2028There.\x1cThen.\x85End.",
    "日本語の文。次の文です. 終わり! 本当?", "Fun 😀. 👍 Yes! 👨‍👩‍👧. He left.", "İstanbul. İt was. ıt. ΟΔΟΣ. Σ. ΣΑΣ. Σας. ß. ẞ. ǅ. ǆ.",
    "Page one.\fPage two. Still two.\f\fPage four. End.", "One\n\n two. Three.\n\n\n\nFour.\r\nFive.\tSix.",
    "half-e.g. The non-dr. The foo-. The end-.",
    "-- He left.-- She stayed. -- A --. The end.--The end.\"-- The", "x.'s Y. \"A.\"B. 'C.'D. E.;F. G.:H. I.@J. K.*L.",
    "He is no. 5. He said no. The end. ½. Then. Ⅷ. The pope. _. The line. e\u0301. The accent. \u200d. Then.",
    "He came at −5. The end. -5. The end. .5. He. 1,000.50. He. 3-4. he. ٣. He. 3.a. He.",
    "Say 'it. \"Or not. 'But. Then.\" He. 'Quoted?' He said. \"Quoted!\" He said. \"Really?\"  He did.",
    "A.\" B. C.”  D. E.)\n\nF. G.)--H. I.' J.''' K.", "He saw mr. smith. He saw fig. The lambda. iota. Iota. abbrev. The Abbrev. the abl. The end.",
]
for text in ENGLISH:
    sentence(text)
    sentence(text, use_split_rules=False)
for text in ENGLISH[1:5] + ENGLISH[-1:] + ENGLISH[29:30]:
    sentence(text, extend_abbreviations=False)
sentence("Das Schiff, z.B. Nr. 5, kam am 3. Januar. Die Straße war groß, d.h. ca. 5 m. Der Dr. Maier kam. "
         "Über uns das Haus bzw. Das Ende.", language="de")
sentence("Die abb. Der abk. Die Straße. „Ja.“ Der Zug kam am 3. März. Am 3. Mai. 5. und 6. Schiff. üblw. "
         "Das Ende.", language="de")
sentence("Die abb. Der abk. Die Straße. üblw. Das Ende.", language="de", extend_abbreviations=False)
sentence("M. Dupont est là. Mme. Il dit « Oui. » À l'école, c.-à-d. Le matin, l'été, etc. Le soir. Il est M. Le.", language="fr")
sentence("Он пришёл в 1999 г. Он ушёл, т.е. Дом пуст. Д-р. Иванов. Конец!", language="ru")
sentence("Mr. Smith left. He knew no language, abbrev. the end.", language="xx")
sentence("Mr. Smith left. He knew no language.", language="")

PAGES = "One here. Two is here.\fThree. Four, e.g. The end. Five?\f\fSix! \"Seven.\" Eight is 3.5. Nine (ten). Eleven. "
for length, overlap, threshold in [(1, 0, 0), (2, 0, 0), (2, 1, 0), (3, 2, 0), (4, 1, 2), (4, 0, 4), (20, 3, 5)]:
    case(PAGES, split_by="sentence", split_length=length, split_overlap=overlap, split_threshold=threshold)
for length, overlap, threshold in [(1, 0, 0), (2, 1, 0), (3, 0, 0), (5, 2, 0), (5, 4, 3), (8, 7, 0), (100, 10, 50)]:
    case([PAGES, PAGES * 2, ""], split_by="word", respect_sentence_boundary=True, split_length=length, split_overlap=overlap,
         split_threshold=threshold)
for init in [{"split_by": "sentence"}, {"split_by": "word", "respect_sentence_boundary": True}]:
    for skip in [True, False]:
        case(["", "  ", "a. b"], skip_empty_documents=skip, **init)
    case([None], **init)
case("One. Two.\nThree.", split_by="line", split_length=1, respect_sentence_boundary=True)

pick = random.Random(1)
WORDS = ("the The he He it Smith river U.S. U.S.A. Dr. dr. e.g. p.m. J. X. é. 5 12. 3.14 -5. 1,5. end end. End? so! wait... . . . "
         ".) .\" ?\" .” » « \" ' ( [ ) ] -- , ; : *. 日本 😀. Σ. İ. ½. Iota iota Street street Army etc. "
         "abbrev. Das und z.B. 3. Januar Über M. Dupont À \f 1.\n2. #").split(" ")
BLANKS = [" "] * 8 + ["", "\n", "\n\n", "\u00a0", "  ", "\x1c"]
for _ in range(40):
    text = "".join(pick.choice(WORDS) + pick.choice(BLANKS) for _ in range(pick.randrange(10, 45)))
    init = {"split_length": pick.randrange(1, 7), "language": pick.choice(["en", "en", "de", "fr"])}
    init["split_overlap"] = pick.randrange(init["split_length"])
    init |= pick.choice([{"split_by": "sentence"}, {"split_by": "word", "respect_sentence_boundary": True}])
    init |= {"use_split_rules": pick.random() < 0.6, "extend_abbreviations": pick.random() < 0.6}
    case(text, **init)

lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in cases)
sys.stdout.write(f'{{"haystack": "{haystack.__version__}", "cases": [\n{lines}\n]}}\n')
