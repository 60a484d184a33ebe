"""What Haystack's components without a device answer: make.py > cases.json, with haystack-ai 2.31.0.

A case has the class, init_parameters as in a file, the inputs of one run, and its outputs or the error.
"""

import json
import logging
import sys
from pathlib import Path

import haystack
from haystack import Document
from haystack.core.serialization import component_to_dict, import_class_by_name
from haystack.dataclasses import ByteStream

logging.disable(logging.CRITICAL)
MODULES = {
    "DocumentJoiner": "haystack.components.joiners.document_joiner",
    "DocumentSplitter": "haystack.components.preprocessors.document_splitter",
    "DocumentCleaner": "haystack.components.preprocessors.document_cleaner",
    "TextFileToDocument": "haystack.components.converters.txt",
    "FileTypeRouter": "haystack.components.routers.file_type_router",
    "OutputAdapter": "haystack.components.converters.output_adapter",
    "ConditionalRouter": "haystack.components.routers.conditional_router",
}
cases = []


def document(content, score=None, id="", **meta):
    return Document(id=id, content=content, score=score, meta=meta)


def plain(value):
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, set):
        return sorted(plain(each) for each in value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (Document, ByteStream)):
        return value.to_dict()
    return str(value) if isinstance(value, Path) else value


def case(name, init, **inputs):
    entry = {"type": f"{MODULES[name]}.{name}", "init": json.loads(json.dumps(init))}
    cases.append(entry)
    entry["inputs"] = plain(inputs)
    try:
        data = {"type": entry["type"], "init_parameters": json.loads(json.dumps(init))}
        component = import_class_by_name(entry["type"])
        made = component.from_dict(data) if hasattr(component, "from_dict") else component(**init)
        entry["to_dict"] = component_to_dict(made, "x")
        if hasattr(made, "__haystack_output__"):
            entry["output_names"] = sorted(made.__haystack_output__._sockets_dict)
            entry["input_names"] = sorted(made.__haystack_input__._sockets_dict)
        entry["outputs"] = plain(made.run(**inputs))
    except Exception as error:  # noqa: BLE001
        entry["error"] = {"type": type(error).__name__, "message": str(error)}


a, b, c = document("a", 0.9), document("b", 0.5), document("c", 0.1)
lists = [[a, b, document("x", 0.3, page=2)], [document("b", 0.8), c, document("d")], [document("a", 0.2)]]
for mode in ["concatenate", "merge", "reciprocal_rank_fusion", "distribution_based_rank_fusion"]:
    for more in [{}, {"weights": [1, 2, 5]}, {"top_k": 2}, {"sort_by_score": False}]:
        case("DocumentJoiner", {"join_mode": mode, **more}, documents=lists)
    case("DocumentJoiner", {"join_mode": mode}, documents=[])
    case("DocumentJoiner", {"join_mode": mode}, documents=[[], [a]])
    case("DocumentJoiner", {"join_mode": mode}, documents=[[document("p", 0.5), document("q", 0.5)], []], top_k=1)
    case("DocumentJoiner", {"join_mode": mode, "weights": [1, 2]}, documents=lists)
case("DocumentJoiner", {"top_k": -1}, documents=lists)
case("DocumentJoiner", {"top_k": 3}, documents=lists, top_k=-9)
case("DocumentJoiner", {"weights": [1, -1]}, documents=lists)
case("DocumentJoiner", {"weights": []}, documents=lists)
case("DocumentJoiner", {"join_mode": "none"}, documents=lists)

text = "One two. Three four five.\nSix\n\nSeven ünï cøde \f next page. \n\n last one\fthird  page here. "
for unit in ["word", "period", "line", "passage", "page"]:
    for length, overlap, threshold in [(1, 0, 0), (3, 1, 0), (3, 2, 0), (2, 1, 2), (4, 0, 3)]:
        case("DocumentSplitter", {"split_by": unit, "split_length": length, "split_overlap": overlap,
                                  "split_threshold": threshold}, documents=[document(text, name="n")])
case("DocumentSplitter", {}, documents=[document("short", 0.5, source_id="old"), document(""), document("two parts")])
case("DocumentSplitter", {"skip_empty_documents": False}, documents=[document("")])
case("DocumentSplitter", {"split_by": "page", "split_length": 1, "skip_empty_documents": False}, documents=[document("a\f")])
case("DocumentSplitter", {"split_by": "line", "split_length": 2, "split_overlap": 1}, documents=[document("x\n" * 7)])
case("DocumentSplitter", {"split_by": "word", "split_length": 5, "split_overlap": 3}, documents=[document("é " * 23)])
case("DocumentSplitter", {}, documents=[Document(content=None, id="none")])
for init in [{"split_by": "letter"}, {"split_by": "function"}, {"split_length": 0}, {"split_overlap": -1},
             {"split_length": 2, "split_overlap": 2}]:
    case("DocumentSplitter", init, documents=[])

dirty = ["  Some   text \n\n \n with   lines\t\tand tabs \n", "Crème brûlée ﬁne ½ ™ 日本\n\n  end  ",
         "page one   \f\n\n page  two \f   ", "a1b22c333", " \u2003\u00a0 wide \u3000 blanks "]
pages = "\f".join(f"Head of the book\nChapter {n}. Body number {n} has words.\nFoot note here at end" for n in range(5))
for init in [{}, {"remove_extra_whitespaces": False}, {"remove_empty_lines": False},
             {"remove_empty_lines": False, "remove_extra_whitespaces": False},
             {"remove_substrings": ["text", "e"]}, {"remove_substrings": ["", "aa"]}, {"remove_regex": r"\d+"},
             {"remove_regex": r"[a-z]\s"}, {"unicode_normalization": "NFKC"}, {"unicode_normalization": "NFD"},
             {"ascii_only": True}, {"ascii_only": True, "unicode_normalization": "NFC", "keep_id": True},
             {"strip_whitespaces": True, "remove_extra_whitespaces": False},
             {"replace_regexes": {r"(\w)(\d)": r"\2-\g<1>", r"\n+": r"\n\t", "x*": "."}},
             {"replace_regexes": {r"(?P<n>b)?c": r"[\g<n>]\\\060"}, "remove_extra_whitespaces": False},
             {"remove_repeated_substrings": True, "keep_id": True}]:
    case("DocumentCleaner", init, documents=[document(each, 0.5, page=1) for each in dirty])
for each in [pages, pages.replace("\n", " \n"), pages.replace("Foot", "\tFoot"), pages.replace(" ", "  "), "a\fb", ""]:
    for spaces in [True, False]:
        case("DocumentCleaner", {"remove_repeated_substrings": True, "remove_extra_whitespaces": spaces,
                                 "remove_empty_lines": spaces}, documents=[document(each)])
case("DocumentCleaner", {}, documents=[Document(content=None, id="none")])
case("DocumentCleaner", {"unicode_normalization": "NFX"}, documents=[])

streams = [ByteStream(b"caf\xc3\xa9", mime_type="text/plain", meta={"file_path": "/a/b/c.txt", "k": 1}),
           ByteStream(b"caf\xe9"), ByteStream(b"caf\xe9", meta={"encoding": "latin-1"}),
           ByteStream("Grüße 🎉".encode("utf-16"), meta={"encoding": "utf-16"}),
           ByteStream(b"\xef\xbb\xbfx", meta={"encoding": "utf-8-sig"}), ByteStream(b"x", meta={"encoding": "no-such"})]
case("TextFileToDocument", {}, sources=streams)
case("TextFileToDocument", {"store_full_path": True, "encoding": "cp1252"}, sources=streams, meta={"k": 2, "file_path": "z/y"})
case("TextFileToDocument", {}, sources=streams[:2], meta=[{"a": 1}, {"b": 2}])
case("TextFileToDocument", {}, sources=streams[:2], meta=[{"a": 1}])
case("TextFileToDocument", {}, sources=[])

typed = [ByteStream(str(n).encode(), mime_type=each) for n, each in enumerate(
    ["text/plain", "audio/x-wav", "image/svg+xml", None, "audio/mpeg", "text/plainer", ""])]
case("FileTypeRouter", {"mime_types": ["text/plain", "image/svg+xml", r"audio/.*"]}, sources=typed)
case("FileTypeRouter", {"mime_types": ["audio/mpeg", "audio/.*", "audio/mpeg"]}, sources=typed, meta={"x": 1})
case("FileTypeRouter", {"mime_types": ["text/plain"]}, sources=["/no/such//./file.txt", typed[0]])
case("FileTypeRouter", {"mime_types": ["text/plain"], "raise_on_failure": True}, sources=["/no/such/file.txt"])
case("FileTypeRouter", {"mime_types": ["text/plain"], "additional_mimetypes": {"a/b": ".zz"}}, sources=[], meta=[{}])
case("FileTypeRouter", {"mime_types": []}, sources=[])
case("FileTypeRouter", {"mime_types": ["text/("]}, sources=[])

docs = [document("first", 0.5, page=1), document("second")]
for template, kind, inputs in [
    ("{{ documents[0].content }}", "str", {"documents": docs}),
    ("{{ documents | map(attribute='content') | list }}", "list[str]", {"documents": docs}),
    ("{{ n + 1 }}", "int", {"n": 41}), ("{{ n }}", "typing.Optional[int]", {"n": None}),
    ("{{ d }}", "typing.Dict[str, int]", {"d": {"a": 1, "b": [1.5, True]}}), ("{{ t }}", "str", {"t": "007"}),
    ("{{ t }}", "str", {"t": "1, 2"}), ("{{ t }}", "str", {"t": "'a' \"b\""}), ("{{ t }}", "str", {"t": "[1,\n 2] # x"}),
    ("{{ t }}", "str", {"t": " 0x1F"}), ("{{ t }}", "str", {"t": "-1_000.5e-3"}), ("{{ t }}", "str", {"t": "1\n2"}),
    ("{{ t }}", "str", {"t": "{'a', 'b'}"}), ("{{ t }}", "str", {"t": "('x',)"}), ("{{ t }}", "str", {"t": r"'\x41\u00e9\101\q'"}),
    ("{{ t }}", "str", {"t": "nan"}), ("{{ t }}", "str", {"t": "[True, None, -2, +3, .5, 5.]"}), ("{{ t }}", "str", {"t": "r'\\n'"}),
    ("{{ t }}", "str", {"t": "'''a\nb'''"}), ("{{ t }}", "str", {"t": "[1, 2"}), ("{{ t }}", "str", {"t": "{}"}),
    ("{{ t }}", "str", {"t": "()"}), ("{{ t }}", "str", {"t": "\n\n 1"}), ("{{ t }}", "str", {"t": "5 \n \n"}),
    ("{{ t }}", "str", {"t": "--5"}), ("{{ t }}", "str", {"t": "1__0"}), ("{{ t }}", "str", {"t": "0_0"}), ("{{ t }}", "str", {"t": ""}),
    ("{{ t }}", "str", {"t": "plain words"}), ("{{ t }}", "str", {"t": "{'a': {'b': (1, 2)}, 'c': []}"}),
    ("{{ x.missing }}", "str", {"x": {"y": 1}}), ("{{ x.missing is defined }}", "bool", {"x": {"y": 1}}),
    ("{% if x.missing %}a{% endif %}", "str", {"x": {}}), ("{{ x.missing | default('d') }}", "str", {"x": {}}),
    ("{% for i in x.missing %}{{ i }}{% endfor %}", "str", {"x": {}}), ("{{ x.missing == 1 }}", "str", {"x": {}}),
    ("{{ x.missing | length }}", "int", {"x": {}}), ("{{ [x.missing] | join }}", "str", {"x": {}}),
    ("{% set y = x %}{{ y }}", "str", {"x": 1}), ("{{ x | nope }}", "str", {"x": 1}), ("plain", "str", {}),
    ("{{ x ", "str", {"x": 1}), ("{{ x }}", "no_such_type", {"x": 1}), ("{{ x }}", "List[haystack.Document] | None", {"x": []}),
]:
    case("OutputAdapter", {"template": template, "output_type": kind}, **inputs)


def route(condition, output, name, kind="str", **more):
    return {"condition": condition, "output": output, "output_name": name, "output_type": kind, **more}


streams_routes = [route("{{ streams | length > 2 }}", "{{ streams }}", "enough", "list[int]"),
                  route("{{ streams | length <= 2 }}", "{{ streams }} {{ query }}", "insufficient")]
case("ConditionalRouter", {"routes": streams_routes}, streams=[1, 2, 3], query="q")
case("ConditionalRouter", {"routes": streams_routes}, streams=[1], query="q")
case("ConditionalRouter", {"routes": streams_routes[:1]}, streams=[1])
case("ConditionalRouter", {"routes": [route("{{ path == 'rag' }}", "{{ question }}", "rag"),
                                      route("{{ True }}", "{{ question }}", "other")],
                           "optional_variables": ["path", "unused"]}, question="What?", path=None)
case("ConditionalRouter", {"routes": [route("{{ x }}", ["{{ x }}", "{{ y }}"], ["a", "b"], ["int", "str"])]}, x=1, y="z")
case("ConditionalRouter", {"routes": [route("{{ docs | length }}", "docs", "through", "list[haystack.Document]",
                                            output_passthrough=True)]}, docs=docs)
case("ConditionalRouter", {"routes": [route("{{ x }}", "{{ x }}", "a", "int"), route("{{ x }}", "{{ x }}", "a", "str")]}, x=0)
for kind, value in [("int", 1), ("int", True), ("float", 1), ("str", "a"), ("list[int]", [1, 2]), ("list[int]", [1, "b"]),
                    ("list[int]", []), ("dict[str, int]", {"a": 1}), ("dict[str, int]", {"a": "x"}), ("int | None", None),
                    ("typing.Union[str, list[str]]", ["a"]), ("typing.Any", 1), ("list", [1]), ("str", 5)]:
    case("ConditionalRouter", {"routes": [route("{{ True }}", "{{ x }}", "out", kind)], "validate_output_type": True}, x=value)
for bad in [{"condition": "x"}, route("{{ x", "y", "z"), route(True, "y", "z"), route("{{ x }}", 5, "z"),
            route("{{ x }}", ["a", "b"], "z"), route("{{ x }}", "{{ y", "z"), route("{{ x }}", "y", "z", "no_such_type")]:
    case("ConditionalRouter", {"routes": [bad]}, x=1)
case("ConditionalRouter", {"routes": [route("{{ x }}", "y", "z")]}, x="words")
case("ConditionalRouter", {"routes": [route("{{ x.y.z }}", "y", "z")]}, x={})

lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in cases)
sys.stdout.write(f'{{"haystack": "{haystack.__version__}", "cases": [\n{lines}\n]}}\n')
