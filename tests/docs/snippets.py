"""The C++ blocks and the pipelines of the documentation as one program: snippets.py OUT.cpp FILE.md...

A C++ block is the body of a function, after `#include <berth/berth.h>` and `using namespace berth`. One that has a main of
its own becomes a function too. A YAML block is loaded, written and loaded again. The program runs the block whose title it
is given and lists them without one.
"""

import pathlib
import re
import sys

out, *files = sys.argv[1:]
functions, table = [], []
for name in files:
    text = pathlib.Path(name).read_text()
    for match in re.finditer(r"^```(cpp|yaml)\n(.*?)^```$", text, re.S | re.M):
        line = text.count("\n", 0, match.start()) + 2
        body = re.sub(r"^#include.*\n", "", match[2], flags=re.M)
        title = f"{pathlib.Path(name).name}:{line}"
        function = f"snippet_{len(functions)}"
        if match[1] == "yaml":
            functions.append(f'void {function}() {{ check_pipeline(R"yaml({match[2]})yaml"); }}\n')
        elif re.search(r"^int main\(", body, re.M):
            # A main ends without a return; as a function of another name it has to be void for that.
            code = re.sub(r"^int main\(", f"void {function}(", body, flags=re.M)
            functions.append(f'#line {line} "{name}"\n{code}\n')
        else:
            functions.append(f'void {function}() {{\n#line {line} "{name}"\n{body}}}\n')
        table.append(f'    {{"{title}", {function}}},')

pathlib.Path(out).write_text(
    "#include <berth/berth.h>\n#include <algorithm>\n#include <cstdlib>\n#include <fstream>\n#include <iostream>\n"
    "#include <unordered_map>\n#include <unordered_set>\nusing namespace berth;\n"
    "namespace {\n"
    "void check_pipeline(const char* yaml) {\n"
    "  const auto pipeline = Pipeline::loads(yaml);\n"
    "  const auto again = Pipeline::loads(pipeline.dumps());\n"
    "  if (again.to_dict() != pipeline.to_dict() || again.dumps() != pipeline.dumps())\n"
    "    throw std::runtime_error(\"it comes back as\\n\" + again.dumps());\n"
    "}\n" + "\n".join(functions) +
    "const struct { const char* title; void (*run)(); } snippets[] = {\n" + "\n".join(table) + "\n};\n}\n"
    "int main(int argc, char** argv) {\n"
    "  for (const auto& snippet : snippets)\n"
    "    if (argc < 2) std::cout << snippet.title << '\\n';\n"
    "    else if (argv[1] == std::string(snippet.title)) snippet.run();\n}\n")
# What CMake makes a test of.
print(";".join(re.findall(r'"([^"]+:\d+)"', "\n".join(table))))
