#!/usr/bin/env python3
"""What jinja2 makes of templates, in Haystack's sandbox and in transformers' one; writes cases.json beside this script.

Made with jinja2 3.1.6, transformers 4.57.6 and Haystack 3.4.1 on Python 3.11.
"""
import json
import pathlib

from haystack import Document
from jinja2 import exceptions
from jinja2.sandbox import SandboxedEnvironment
from transformers.utils.chat_template_utils import _compile_jinja_template

KINDS = [((exceptions.TemplateSyntaxError, SyntaxError), "syntax"), (exceptions.UndefinedError, "undefined"),
         (exceptions.SecurityError, "security"), (ZeroDivisionError, "zero_division"), (TypeError, "type"), (ValueError, "value")]

SEARCHES = ["{{ x.find(y) }} {{ x.rfind(y) }} {{ x.count(y) }} {{ y in x }}", "{{ x.replace(y, '-') }}", "{{ x.split(y) }}",
            "{{ x.rsplit(y) }} {{ x.rsplit(y, 1) }}", "{{ x.partition(y) }} {{ x.rpartition(y) }}", "{{ x.index(y, 3) }} {{ x.rindex(y, 0, 80) }}"]
LONG = "ab" * 20
TEXTS = [("c" + LONG + "é" + LONG + "ab", LONG), ("é" * 90, "é" * 40), ("a" * 99 + "b", "a" * 40 + "b"), (LONG, LONG + "a")]

WRAPPED = ["The word: supercalifragilistic", "   1-2", "a  bb-cc dddddddd  e", "aa bb", "  x", "aaaa  ----b", "é ßßßß-öö", "a \u3000bbbb"]

SPLITS = [f"{{{{ x.{method}({arguments}) }}}}" for method in ("split", "rsplit")
          for arguments in ("none, 0", "none, 1", "none, 2", "maxsplit=1", "none, 9")]

NUMBERS = ["8\x1f", "\x1c8", "8\x85", "\u20008\x1f", "\x0b8\x0c", "\u0668\x1f", "8\u3000", "8 \x1f", "\x1f", "8\x7f", "\u30001.5"]

IDENTIFIERS = ["a\u0300", "\u0300", "σ²", "²", "℘", "a·", "·", "ª", "℮x", "1a", "_1", "", "\u2160", "a\u203f", "a b", "x\u0660", "゛"]

HASHES = ["{{ {}[(1, [2])] }}", "{{ {}[[2]] }}", "{{ {}[{}.keys()] }}", "{{ {}.get([1]) }}", "{{ {{}.keys(): 1} }}", "{{ {{}.values(): 1}|length }}",
          "{{ {{}.items(): 1} }}", "{{ [{}.keys()]|unique|list }}", "{{ [] in {} }}", "{{ {}.keys() in {} }}", "{{ {range(3): 1}[range(3)] }}",
          "{{ {range(0): 1}[range(1, 1)] }}", "{{ [range(0, 4, 2), range(0, 3, 2)]|unique|list|length }}", "{{ [1] in {}.keys() }}", "{{ {(1, []): 1} }}"]

PERCENT = [f"{{{{ '{form}' % {values} }}}}" for form in ("%5%", "%%", "%l%", "%z", "a", "%(a)s%s", "%(a)%", "%(a)s%%", "%(a)*d", "%s%(a)s", "%s%s", "%*d")
           for values in ("()", "1", "(1,)", "(5, 3)", "{'a': 1}", "[1]", "nope", "range(3)", "{}.keys()", "namespace()")]

FLAGS = [f"{{{{ {call.replace('?', value)} }}}}" for call in ("'a\\nb'.splitlines(?)", "'ba'|sort(?)", "{'b': 1, 'a': 2}|dictsort(reverse=?)", "[2, 1].sort(reverse=?)",
         "'ab'.translate(?)", "'ab'.translate({97: ?})") for value in ("'x'", "none", "1.5", "nope", "2", "true", "2**40", "2**70", "[]", "-1", "{}", "range(99)", "namespace()")]

TARGETS = ["{% for a, in [[1]] %}{{ a }}{% endfor %}", "{% for a, b, in [[1, 2]] %}{% endfor %}", "{% for (a,) in [[1]] %}{{ a }}{% endfor %}",
           "{% for a, in in [[1, 2]] %}{{ a }}{% endfor %}", "{% set a, = [1] %}", "{% set (a,) = [1] %}{{ a }}", "{% with a, = [1] %}{% endwith %}",
           "{% for x in [1], recursive %}{{ x }};{% endfor %}", "{% for x in [1], %}{{ x }}{% endfor %}", "{% for x in [1], recursive recursive %}{{ x }}{% endfor %}",
           "{% set ns.a = nope.x %}", "{% set ns = 5 %}{% set ns.a = nope.x %}", "{% set ns.a %}{% endset %}", "{% set ns = 5 %}{% set ns.a %}{% endset %}",
           "{% set ns = namespace() %}{% set ns.a %}q{% endset %}{{ ns.a }}", "{% set b, ns.a = 1/0 %}", "{% set ns.a %}{{ nope.x }}{% endset %}",
           "{% set ns = namespace() %}{% set ns.a, b = 1, 2 %}{{ ns.a }}", "{% set d = {} %}{% set d.a %}x{% endset %}{{ d }}", "{% set d = [] %}{% set d.a %}x{% endset %}"]

LOADS = [f"{{% {tag.replace('?', value)} %}}" for tag in ("include ?", "include ? ignore missing", "import ? as q", "from ? import q", "extends ?")
         for value in ("nope", "none", "[]", "{}", "''", "5", "['x']", "nope.x")]

MARKUP = ["{{ ('<b>x</b> y &amp; z'|safe).striptags() }}", "{{ ('&lt;b&gt; &amp;'|safe).unescape() }}", "{{ '<b>'.striptags() }}", "{{ ('x'|safe).escape('<') }}",
          "{{ ('x'|safe).striptags(1) }}", "{{ 'x'.unescape }}", "{{ ('&lt;'|safe).unescape()|e }}", "{{ ('a'|safe).upper() }}"]

RAW = ["{%raw%}", "a {%- raw %}", "{%raw-%}  ", "{%raw%} ", "{%raw%}\n", "{%raw%}x", "{%raw%}{%endraw%}", "{%raw%}{{ 1 }}{%endraw%}"]

SLICES = [f"{{{{ ({value})[0:1] }}}}" for value in ("1", "1 is odd", "'a' is filter", "{'a': 1}", "'a'|batch(2)", "[1]|sum", "['a']|map('upper')", "'a'|select",
                                                    "'ab'|reject('odd')", "[{'a': 1}]|selectattr('a')", "[1]|random", "x", "x is odd", "x|int", "range(3)")]

DOCUMENTS = ["{{ documents[0].content_type }}", "{{ documents[1].content_type }}", "{{ documents|unique|list }}", "{{ {documents[0]: 1} }}", "{{ documents[0] in {} }}",
             "{{ {}[documents[0]] }}", "{{ documents[0].to_dict(flatten=false) }}", "{{ documents[0].to_dict(true) }}", "{{ documents[0].to_dict('') }}",
             "{{ documents[0].to_dict() }}", "{{ documents[0].to_dict(1, 2) }}", "{{ documents[0].to_dict(x=2) }}"]


def kind_of(error):
    return next((name for classes, name in KINDS if isinstance(error, classes)), "other")


def case(group, template, **variables):
    made = {"group": group, "template": template, "variables": dict(variables)}
    if "documents" in variables:
        made["documents"] = ["documents"]
        variables["documents"] = [Document.from_dict(each) for each in variables["documents"]]
    try:
        parsed = _compile_jinja_template(template) if group == "chat" else SandboxedEnvironment().from_string(template)
        made["expected"] = parsed.render(**variables)
    except Exception as error:
        made["error"] = kind_of(error)
    return made


def cases():
    for group in ("prompt", "chat"):
        for x, y in TEXTS:
            yield from (case(group, template, x=x, y=y) for template in SEARCHES)
        yield from (case(group, f"{{{{ x|wordwrap({width}) }}}}", x=x) for x in WRAPPED for width in (1, 2, 5, 10))
        yield from (case(group, template, x=" a b  c ") for template in SPLITS)
        yield from (case(group, "{{ x|int(7) }} {{ x|float(7) }} {{ x|int(7, 16) }}", x=x) for x in NUMBERS)
        yield from (case(group, "{{ x.isidentifier() }}", x=x) for x in IDENTIFIERS)
        yield from (case(group, template) for template in HASHES + PERCENT + FLAGS + TARGETS + LOADS + MARKUP + RAW)
        yield from (case(group, template, x=2) for template in SLICES)
        yield case(group, "{{ x|tojson }} {{ {x: [x]}|tojson(indent=1) }}", x='a\x7f<é\x1f"\x80')
        documents = [{"id": "1", "content": "x", "meta": {"page": 3}}, {"id": "2", "content": None, "meta": {}}]
        yield from (case(group, template, documents=documents) for template in DOCUMENTS)
    yield case("chat", "{{ x|tojson(ensure_ascii=true) }}", x="a\x7f<é\x80")


def main():
    lines = ",\n".join(json.dumps(each) for each in cases())
    (pathlib.Path(__file__).parent / "cases.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
