#!/usr/bin/python3
"""Prints a build's compile commands with one entry for each source file, as clang-tidy wants them:
a unity build has them for the files that include the sources.

Usage: tests/lint/commands.py BUILD_DIR > compile_commands.json
"""
import json
import re
import sys
from pathlib import Path


def sources(file):
    """The paths that a unity file includes; of another file, itself."""
    if not re.search(r"/Unity/unity_\d+_cxx\.cxx$", file):
        return [file]
    return re.findall(r'^#include "(.+)"$', Path(file).read_text(encoding="utf-8"), re.MULTILINE)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    entries = json.loads(Path(sys.argv[1], "compile_commands.json").read_text(encoding="utf-8"))
    out = [{**entry, "file": source, "command": entry["command"].replace(entry["file"], source)}
           for entry in entries for source in sources(entry["file"])]
    json.dump(out, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
