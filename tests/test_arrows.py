#!/usr/bin/env python3
"""Which folder includes which: does it match docs/architecture.md, and are there no circles?

The "may use" column of the table in docs/architecture.md is the rule. A file, its header and its
private header (A.c, A.h and A_private.h) count as one node; only files of the same folder may
include a private header. Prints "ok NAME" or "not ok NAME", and "file:line: what" for each fault.

  tests/test_arrows.py           check
  tests/test_arrows.py --graph   print which folder includes which
"""
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
INCLUDE = re.compile(r'\s*#\s*include\s+"([^"]+)"')


def allowed_arrows():
    """{folder: {folder: None or the only headers of it that may be included}}, from the table."""
    rooms = {}
    with open(os.path.join(ROOT, "docs/architecture.md"), encoding="utf-8") as table:
        for line in table:
            row = re.match(r"\|\s*`src/(\w+)/`\s*\|.*\|\s*([^|]*?)\s*\|\s*$", line)
            if not row:
                continue
            if row[2] == "all above":
                use = dict.fromkeys(rooms)
            elif row[2] == "all":
                use = None
            else:
                # "base, serving (`call.h`)": a bracket names the only headers that may be included
                use = {
                    name: set(re.findall(r"`([^`]+)`", only)) or None
                    for name, only in re.findall(r"(\w+)(?: \(([^)]*)\))?(?:,|$)", row[2])
                }
            rooms[row[1]] = use
    return rooms


def sources():
    for folder, _, names in os.walk(os.path.join(ROOT, "src")):
        for name in names:
            if name.endswith((".c", ".h")):
                yield os.path.relpath(os.path.join(folder, name), os.path.join(ROOT, "src"))


def includes():
    """[(file, line, included file)], paths below src."""
    found = []
    for path in sorted(sources()):
        with open(os.path.join(ROOT, "src", path), encoding="utf-8") as text:
            for number, line in enumerate(text, 1):
                match = INCLUDE.match(line)
                if match:
                    found.append((path, number, match[1]))
    return found


def wrong_arrows(found, rooms):
    for path, number, target in found:
        room, other = os.path.dirname(path), os.path.dirname(target)
        if target.endswith("_private.h") and room != other:
            yield f"src/{path}:{number}: {target} is private to src/{other}/"
        if target == "el4ner.h" or room == "" or room == other:
            continue
        where = f"src/{path}:{number}"
        if room not in rooms:
            yield f"{where}: src/{room}/ is not in the table of docs/architecture.md"
        elif not os.path.exists(os.path.join(ROOT, "src", target)):
            yield f'{where}: "{target}" is not a path below src/'
        elif rooms[room] is None:
            continue
        elif other not in rooms[room]:
            yield f"{where}: {room} may not use {other} ({target}), says docs/architecture.md"
        elif rooms[room][other] and os.path.basename(target) not in rooms[room][other]:
            only = ", ".join(sorted(rooms[room][other]))
            yield f"{where}: {room} may use only {only} of {other}, says docs/architecture.md"


def node(path):
    return re.sub(r"(_private)?\.[ch]$", "", path)


def circles(found):
    """The files that include each other in a circle, a sorted list for each circle (Tarjan)."""
    graph = {}
    for path, _, target in found:
        graph.setdefault(node(path), set()).add(node(target))
    index, low, on_stack, stack, parts = {}, {}, set(), [], []

    def visit(file):
        index[file] = low[file] = len(index)
        stack.append(file)
        on_stack.add(file)
        for target in sorted(graph.get(file, ())):
            if target not in index:
                visit(target)
                low[file] = min(low[file], low[target])
            elif target in on_stack:
                low[file] = min(low[file], index[target])
        if low[file] == index[file]:
            part = set()
            while file not in part:
                part.add(stack.pop())
            on_stack.difference_update(part)
            if len(part) > 1:
                parts.append(sorted(part))

    for file in sorted(graph):
        if file not in index:
            visit(file)
    return parts


def shared_names():
    """Names that files of several folders have: messages and editors show no more than the name."""
    folders = {}
    for path in sources():
        folder, name = os.path.split(node(path))
        folders.setdefault(name, set()).add(folder)
    for name in sorted(folders):
        if len(folders[name]) > 1:
            yield f"{name} is a file in each of " + ", ".join(f"src/{f}/" for f in sorted(folders[name]))


def report(name, faults):
    for fault in faults:
        print(fault)
    print("not ok" if faults else "ok", name)
    return not faults


def main():
    found = includes()
    if sys.argv[1:] == ["--graph"]:
        arrows = {}
        for path, _, target in found:
            arrows.setdefault(os.path.dirname(path) or "src", set()).add(os.path.dirname(target))
        for room in sorted(arrows):
            print(f"{room}: {', '.join(sorted(arrows[room] - {room, ''}))}")
        return 0
    rooms = allowed_arrows()
    rings = ["these files include each other: " + ", ".join(part) for part in circles(found)]
    fine = [
        report("the table of folders", [] if len(rooms) > 2 else ["not in docs/architecture.md"]),
        report("which folder includes which", list(wrong_arrows(found, rooms))),
        report("no circle of includes", rings),
        report("every file has a name of its own", list(shared_names())),
    ]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
