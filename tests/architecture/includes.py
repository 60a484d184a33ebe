"""Checks that includes between the folders of src/ point one way, as layers.txt allows.

Usage: includes.py ROOT    the root of the project; exit 1 with each include that is not allowed
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]+)"')


def read_layers(path):
    """{folder: folders that it may include}, {public header: folder}"""
    allowed, owners = {}, {}
    for line in path.read_text().splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, names = (part.strip() for part in line.split(":"))
        if name.startswith("header "):
            owners[name.removeprefix("header ")] = names
            continue
        above = set(allowed)
        allowed[name] = above if names == "*" else set(names.split())
        if not allowed[name] <= above:
            sys.exit(f"{path}: {name} may include only what stands above it, not {allowed[name] - above}")
    return allowed, owners


def main(root):
    allowed, owners = read_layers(pathlib.Path(__file__).with_name("layers.txt"))
    headers = {header.stem: header for header in (root / "include/berth").glob("*.h")}
    for source in sorted((root / "src").rglob("*.cpp"), key=lambda path: len(path.parts)):
        folder = source.relative_to(root / "src").parts[0]
        if source.stem in headers:
            owners.setdefault(source.stem, folder)
    problems = [f"include/berth/{name}.h belongs to no folder: name one in layers.txt" for name in headers.keys() - owners]

    def folder_of(path):
        parts = path.relative_to(root).parts
        return owners.get(path.stem, "") if parts[0] == "include" else parts[1] if parts[0] == "src" else parts[0]

    def target_of(include, folder):
        if include.startswith("berth/"):
            return owners.get(pathlib.Path(include).stem, "")
        first = include.split("/")[0]
        return first if "/" in include and first in allowed else folder

    sources = [path for top in ("src", "cli", "include") for path in sorted((root / top).rglob("*.[ch]*"))]
    for path in sources:
        if path.suffix not in (".h", ".cpp"):
            continue
        folder = folder_of(path)
        if folder not in allowed:
            problems.append(f"{path.relative_to(root)}: the folder '{folder}' is not in layers.txt")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            target = target_of(match[1], folder) if match else folder
            if target != folder and target not in allowed[folder]:
                problems.append(f"{path.relative_to(root)}:{number}: {folder} includes {match[1]} of {target or '?'}")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
