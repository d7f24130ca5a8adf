#!/usr/bin/env python3
"""Which test shows which requirement of the call records' contract.
usage: identifiers.py [--write]

records_identifiers.tsv has the requirements; tests name them in comments. Without --write: exit 1 when one has no
test, when a test names one that isn't there, or when docs/records-tests.md isn't what this would write.
"""
import collections, pathlib, re, sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST, DOCUMENT = ROOT / "tests/contract/records_identifiers.tsv", ROOT / "docs/records-tests.md"
NAME = re.compile(r"\b[MLTPNX]-\d\d\b")
CPP_TEST = re.compile(r"^TEST(?:_F|_P)?\((\w+), *(\w+)?")
JS_TEST = re.compile(r"^\s*(?:test|it)\(\s*['\"`](.+?)['\"`]")
HEAD = """# Which test shows what

Written by `tests/contract/identifiers.py --write` from `tests/contract/records_identifiers.tsv` and the comments of the
tests; the test `tidy/identifiers` fails when a row has no test or this page is stale.
"""


def mentions_of_cpp(path):
    """(identifier, test): of the test that a comment is in or stands before, else of the whole file."""
    waiting, inside, lines = [], None, path.read_text().splitlines()
    for number, line in enumerate(lines):
        opening = CPP_TEST.match(line)
        if opening:
            case = opening[2] or lines[number + 1].strip().split(")")[0]
            inside = f"{opening[1]}.{case}"
            yield from ((name, inside) for name in waiting)
            waiting = []
        elif line == "}":
            inside = None
        elif "//" in line:
            found = NAME.findall(line[line.index("//"):])
            if inside:
                yield from ((name, inside) for name in found)
            else:
                waiting += found
        elif not inside:
            yield from ((name, "all") for name in waiting)
            waiting = []


def mentions_of_text(path):
    inside = "all"
    for line in path.read_text().splitlines():
        opening = JS_TEST.match(line)
        inside = opening[1] if opening else inside
        yield from ((name, inside) for name in NAME.findall(line))


def collect():
    tests = collections.defaultdict(dict)
    for path in sorted((ROOT / "tests").rglob("*")):
        if "node_modules" in path.parts or path.name == pathlib.Path(__file__).name:
            continue
        reader = {".cc": mentions_of_cpp, ".py": mentions_of_text, ".mjs": mentions_of_text}.get(path.suffix)
        for name, test in reader(path) if reader else ():
            tests[name][f"`{path.relative_to(ROOT / 'tests')}`: {test}"] = None
    return tests


def document(rows, tests):
    text = HEAD
    for name, words in rows.items():
        text += f"\n- **{name}** {words}\n" + "".join(f"  - {test}\n" for test in tests[name])
    return text


def main():
    rows = dict(line.split("\t") for line in LIST.read_text().splitlines() if line and not line.startswith("#"))
    tests = collect()
    faults = [f"{name}: no test names it" for name in rows if name not in tests]
    faults += [f"{name}: named by {', '.join(where)}, but not in the list"
               for name, where in tests.items() if name not in rows]
    text = document(rows, {name: tests.get(name, {}) for name in rows})
    if "--write" in sys.argv[1:]:
        DOCUMENT.write_text(text)
    elif not DOCUMENT.exists() or DOCUMENT.read_text() != text:
        faults.append(f"{DOCUMENT.relative_to(ROOT)} is stale: tests/contract/identifiers.py --write")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
