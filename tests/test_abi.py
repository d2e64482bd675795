#!/usr/bin/env python3
"""Does the library still have the interface that programs were compiled for?

tests/abi.txt lists the functions of include/el4ner.h with their arguments, the symbols of the shared
library, the values of enums, and the sizes and offsets of structs. What is in it must stay as it is
as long as the soname does (docs/library.md). What is new must be put in. Prints "ok NAME" or
"not ok NAME", and each difference.

  tests/test_abi.py           check
  tests/test_abi.py --write   write the list anew
"""
import os
import re
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
GOLDEN = os.path.join(ROOT, "tests/abi.txt")
# Structs that programs get by pointers only and may grow at their end, or that have their size in
# them. The others never change.
GROWS = {"options", "request", "progress", "entity", "vote", "check", "demonstration", "evidence",
         "abstention", "member", "read_options", "write_options",
         "score_options", "score", "combine_options", "pool_options", "tune_options", "tuning"}


def header():
    with open(os.path.join(ROOT, "include/el4ner.h"), encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return re.sub(r"^\s*#.*$", "", text, flags=re.M)


def body_after(text, at):
    """What is between the brace at `at` and its partner."""
    depth = 0
    for end in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            return text[at + 1:end]
    raise ValueError("a brace is not closed")


def members(body):
    """Names of a struct's members, in order."""
    body = re.sub(r"enum\s+\w+\s*\{[^}]*\}", "int", body)
    names = []
    for declaration in body.split(";"):
        pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)\s*\(", declaration)
        if pointer:
            names.append(pointer[1])
            continue
        for part in declaration.split(","):
            name = re.search(r"(\w+)\s*(\[[^\]]*\])?\s*$", part)
            if name:
                names.append(name[1])
    return names


def layouts(text):
    """A C program that prints what the compiler makes of structs and enums."""
    lines = ['#include "el4ner.h"', "#include <stdio.h>", "int main(void) {"]
    for match in re.finditer(r"struct\s+(el4ner_\w+)\s*\{", text):
        name = match[1]
        lines.append(f'printf("struct {name} size %zu\\n", sizeof(struct {name}));')
        for member in members(body_after(text, match.end() - 1)):
            lines.append(
                f'printf("struct {name} {member} at %zu, %zu bytes\\n", offsetof(struct {name}, '
                f"{member}), sizeof ((struct {name} *)0)->{member});")
    for match in re.finditer(r"enum\s+(el4ner_\w+)\s*\{", text):
        for value in body_after(text, match.end() - 1).split(","):
            name = value.split("=")[0].strip()
            if name:
                lines.append(f'printf("enum {match[1]} {name} %d\\n", (int){name});')
    return "\n".join(lines + ["return 0; }"])


def functions(text):
    for match in re.finditer(r"EL4NER_API\s+([^;]*);", text):
        yield "function " + re.sub(r"\s+", " ", match[1]).strip()


def symbols():
    listed = subprocess.run(["nm", "-D", "--defined-only", os.path.join(BUILD, "libel4ner.so.0")],
                            check=True, capture_output=True, text=True).stdout
    return sorted("symbol " + line.split()[2] for line in listed.splitlines())


def interface():
    text = header()
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "layouts")
        with open(program + ".c", "w", encoding="utf-8") as source:
            source.write(layouts(text))
        compiler = os.environ.get("CC", "cc").split()
        subprocess.run(compiler + ["-std=c11", "-I", os.path.join(ROOT, "include"), "-o", program,
                                   program + ".c"], check=True)
        printed = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    return symbols() + list(functions(text)) + printed.splitlines()


def may_change(line):
    """The size of a struct that grows."""
    match = re.fullmatch(r"struct el4ner_(\w+) size \d+", line)
    return match is not None and match[1] in GROWS


def declared_and_defined(lines):
    declared = {re.search(r"(\w+)\(", line)[1] for line in lines if line.startswith("function ")}
    defined = {line.split()[1] for line in lines if line.startswith("symbol ")}
    return [f"{name} is declared, but the library has no such symbol"
            for name in sorted(declared - defined)] + \
           [f"{name} is a symbol of the library, but not declared"
            for name in sorted(defined - declared)]


def report(name, faults):
    for fault in faults:
        print(fault)
    print("not ok" if faults else "ok", name)
    return not faults


def main():
    if struct.calcsize("P") != 8:
        print("skip the interface: the list is that of machines with pointers of 64 bits")
        return 0
    lines = interface()
    if sys.argv[1:] == ["--write"]:
        with open(GOLDEN, "w", encoding="utf-8") as golden:
            golden.write("\n".join(lines) + "\n")
        return 0
    with open(GOLDEN, encoding="utf-8") as golden:
        before = golden.read().splitlines()
    gone = [line for line in before if line not in lines and not may_change(line)]
    new = [line for line in lines if line not in before and not may_change(line)]
    never = [line for line in new if re.match(r"struct el4ner_(\w+) ", line) and
             re.match(r"struct el4ner_(\w+) ", line)[1] not in GROWS and
             any(old.startswith(" ".join(line.split()[:2]) + " ") for old in before)]
    stale = [line for line in lines if may_change(line) and line not in before]
    fine = [
        report("the header and the library have the same functions", declared_and_defined(lines)),
        report("what programs were compiled for is there",
               [f"gone or changed: {line}" for line in gone]),
        report("structs that never change have not grown", never),
        report("what is new is in tests/abi.txt (tests/test_abi.py --write)", new + stale),
    ]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
