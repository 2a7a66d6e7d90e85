#!/usr/bin/env python3
"""Writes docs/conformance.md: every normative statement of MQTT 3.1.1 and 5.0 that binds a server, and its test.

    Tools/conformance.py            writes the page
    Tools/conformance.py --check    says whether the committed page is what would be written

The statements are Tests/ConformanceTests/Statements/*.tsv: id, what the server must do, and why there is no test where
there is none. Tests are found by their display name, which begins with the id. Exits with 1 when a statement has
neither a test nor a reason, or both, when a test names no statement, or when its function is not named by the id.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "Tests" / "ConformanceTests"
PAGE = ROOT / "docs" / "conformance.md"
VERSIONS = [("3.1.1", "mqtt-3.1.1.tsv", "V3"), ("5.0", "mqtt-5.0.tsv", "V5")]
LISTS = TESTS / "Statements"
TEST = re.compile(r'@Test\(\s*"\[MQTT-([0-9.]+-[0-9]+)\] ((?:[^"\\]|\\.)*)".*?\bfunc (\w+)', re.DOTALL)

INTRODUCTION = """# Conformance

Written by `Tools/conformance.py` from `Tests/ConformanceTests`; not edited by hand. Every normative statement of the two
specifications that binds a server, or that a server enforces, has a test whose name begins with its id. A test writes
bytes into the gateway's connection handler and compares the bytes that come out of it; broker, store, clock and chance
are the real ones or turned by the test. Statements that bind only clients are not listed.

    swift test --filter ConformanceTests
"""

DEVIATIONS = """## Deviations

`mqtt.profile: oasis`, the default, has no deliberate deviation from either specification. `mqtt.profile: aws` behaves as
AWS IoT Core does where that differs:

"""


class Faults(list):
    def add(self, text):
        self.append(text)


def statements(name, faults):
    """Rows of a list: (id, duty, reason or None)."""
    rows, seen = [], set()
    for number, line in enumerate((LISTS / name).read_text().splitlines(), 1):
        if line.startswith("#") or not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) not in (2, 3) or cells[0] in seen:
            faults.add(f"{name}:{number}: two or three cells, and an id that is new")
            continue
        seen.add(cells[0])
        rows.append((cells[0], cells[1], cells[2] if len(cells) == 3 and cells[2] else None))
    return rows


def tests(folder, faults):
    """What stands in a version's folder: id -> (path from the root, function)."""
    found = {}
    for path in sorted((TESTS / folder).rglob("*.swift")):
        name = path.relative_to(ROOT).as_posix()
        for identifier, _, function in TEST.findall(path.read_text()):
            wanted = "mqtt_" + re.sub(r"[.-]", "_", identifier)
            if function != wanted:
                faults.add(f"{name}: the test of {identifier} is {function} and not {wanted}")
            if identifier in found:
                faults.add(f"{name}: {identifier} has a test already, in {found[identifier][0]}")
            found[identifier] = (name, function)
    return found


def table(version, rows, found, faults):
    for identifier in sorted(set(found) - {row[0] for row in rows}):
        faults.add(f"{found[identifier][0]}: {identifier} is no statement of {version}")
    lines = ["| id | the server must | test |", "|---|---|---|"]
    tested = 0
    for identifier, duty, reason in rows:
        if (identifier in found) == (reason is not None):
            faults.add(f"{identifier} of {version} has {'both a test and a reason for none' if reason else 'no test'}")
        if identifier in found:
            path, function = found[identifier]
            tested += 1
            proof = f"[{Path(path).stem}.{function}](../{path})"
        else:
            proof = f"none: {reason}"
        lines.append(f"| MQTT-{identifier} | {cell(duty)} | {cell(proof)} |")
    return tested, lines


def cell(text):
    return text.replace("|", "\\|")


def deviations(faults):
    lines = ["| topic | OASIS, and profile `oasis` | profile `aws` |", "|---|---|---|"]
    for line in (LISTS / "aws-profile.tsv").read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) != 3:
            faults.add(f"aws-profile.tsv: three cells, and not {line!r}")
        lines.append("| " + " | ".join(map(cell, cells)) + " |")
    return lines


def page(faults):
    totals = ["| version | statements | tested | without a test |", "|---|---|---|---|"]
    parts = []
    for version, name, folder in VERSIONS:
        rows = statements(name, faults)
        tested, lines = table(version, rows, tests(folder, faults), faults)
        totals.append(f"| {version} | {len(rows)} | {tested} | {len(rows) - tested} |")
        parts += ["", f"## MQTT {version}", "", *lines]
    head = INTRODUCTION + "\n" + "\n".join(totals) + "\n\n" + DEVIATIONS + "\n".join(deviations(faults)) + "\n"
    return head + "\n".join(parts) + "\n"


def main():
    faults = Faults()
    text = page(faults)
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text() != text:
            faults.add("docs/conformance.md is out of date; write it with: Tools/conformance.py")
    else:
        PAGE.write_text(text)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
