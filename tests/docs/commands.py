"""Runs the commands of the documentation: commands.py BINARY FILE.md...

In ```sh blocks, lines that start with `$ ` or with build/bin/berth are commands; the other lines of a block with `$ `
are what they print, of which `...` stands for anything. A command must exit with 0, unless its line ends with
`# exits N`. It runs in a folder of its own, where `examples` and `tests` are those of the tree.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

binary, *files = sys.argv[1:]
environment = dict(os.environ, PATH=f"{pathlib.Path(binary).parent}:{os.environ['PATH']}", NO_COLOR="1")
ran = failed = 0


def run(place, command, expected, folder):
    global ran, failed
    wanted = re.search(r"#\s*exits (\d+)\s*$", command)
    result = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True,
                            stdin=subprocess.DEVNULL, timeout=120)
    ran += 1
    pattern = re.escape("\n".join(line.rstrip() for line in expected)).replace(re.escape("..."), "[^\n]*")
    printed = "\n".join(line.rstrip() for line in (result.stdout + result.stderr).strip("\n").splitlines())
    if result.returncode != int(wanted[1] if wanted else 0) or (expected and not re.fullmatch(pattern, printed)):
        failed += 1
        print(f"{place}: {command}\n  exit {result.returncode}\n  printed:\n{printed}\n  documented:\n" + "\n".join(expected))


for name in files:
    text = pathlib.Path(name).read_text()
    for block in re.finditer(r"^```sh\n(.*?)^```$", text, re.S | re.M):
        line = text.count("\n", 0, block.start()) + 2
        commands = []
        for row in block[1].splitlines():
            if row.startswith("$ "):
                commands.append((row[2:], []))
            elif row.startswith("build/bin/berth "):
                commands.append((row.removeprefix("build/bin/"), []))
            elif commands and "<<'EOF'" in commands[-1][0] and not commands[-1][0].endswith("\nEOF"):
                commands[-1] = (commands[-1][0] + "\n" + row, [])
            elif commands and commands[-1][0].endswith("\\"):
                commands[-1] = (commands[-1][0][:-1] + row.strip(), [])
            elif commands:
                commands[-1][1].append(row)
        with tempfile.TemporaryDirectory() as folder:
            for shared in ("examples", "tests"):
                os.symlink(pathlib.Path(__file__).resolve().parents[2] / shared, f"{folder}/{shared}")
            for command, expected in commands:
                run(f"{pathlib.Path(name).name}:{line}", command, expected, folder)

print(f"{ran} commands of the documentation were run, {failed} failed")
sys.exit(1 if failed or not ran else 0)
