#!/usr/bin/python3
"""Compares what the demo planted with what the service recorded, and prints a table.

    demo_report.py DIR     DIR: as demo.sh left it

Reads DIR/art/manifest (what each file is), DIR/sightings (the answers to the crawler) and
DIR/incidents (what the reviewer was shown). A copy counts as caught only if the asset that
was named is the one it was made of. Exits with 1 if a copy that must be caught was missed,
or if a stranger raised an alert.
"""

import json
import os
import sys

# What is painted over or laid around a picture may hide more of it than is left to recognise.
PARTLY_MISSED = ("recoloured", "page margin", "notes drawn over", "cropped", "askew")


def json_lines(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def read_manifest(folder):
    """path -> (kind, transform, asset)"""
    files = {}
    with open(os.path.join(folder, "manifest"), encoding="utf-8") as f:
        for line in f:
            kind, transform, path, asset = line.rstrip("\n").split("\t")
            files[os.path.join(folder, path)] = (kind, transform, asset)
    return files


def matches_by_sighting(incidents):
    found = {}
    for incident in incidents:
        for match in incident["matches"]:
            found.setdefault(match["sighting"], []).append(match)
    return found


class Row:
    """One line of the table."""

    def __init__(self):
        self.copies = 0
        self.caught = 0
        self.false = 0
        self.distances = []
        self.missed = []

    def count(self, path, asset, matches):
        right = [m for m in matches if m["asset"] == asset]
        self.copies += 1
        self.false += len(matches) > len(right)
        if right:
            self.caught += 1
            self.distances.append(min(m["distance"] for m in right))
        else:
            self.missed.append(path)


def print_table(rows):
    print("\n%-20s %7s %7s %7s %7s   %s" % ("copy", "made", "caught", "missed", "false", "distance"))
    for name, row in rows.items():
        span = "%d to %d" % (min(row.distances), max(row.distances)) if row.distances else "-"
        mark = " *" if name in PARTLY_MISSED else ""
        print("%-20s %7d %7d %7d %7d   %s" % (name + mark, row.copies, row.caught,
                                              row.copies - row.caught, row.false, span))
    print("  * some of these may be missed: too little of the drawing is left as it was")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: demo_report.py DIR")
    folder = sys.argv[1]
    files = read_manifest(os.path.join(folder, "art"))
    found = matches_by_sighting(json_lines(os.path.join(folder, "incidents")))
    rows = {}
    alerts = []
    n_strangers = 0
    for answer in json_lines(os.path.join(folder, "sightings")):
        kind, transform, asset = files.pop(answer["file"])
        matches = found.get(answer.get("sighting"), [])
        if kind == "copy":
            rows.setdefault(transform, Row()).count(answer["file"], asset, matches)
        else:
            n_strangers += 1
            alerts += [(answer["file"], m) for m in matches]
    print_table(rows)
    print("\n%d strangers, %d false alerts" % (n_strangers, len({path for path, _ in alerts})))
    for path, match in alerts:
        print("    %s is said to be %s (distance %s, %s)"
              % (os.path.basename(path), match["asset"], match["distance"], match["band"]))
    must = [path for name, row in rows.items() if name not in PARTLY_MISSED for path in row.missed]
    for path in must:
        print("    missed: %s" % os.path.relpath(path, folder))
    if files:
        print("%d files were not submitted" % len(files))
    sys.exit(1 if must or alerts or files else 0)


main()
