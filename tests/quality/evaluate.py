#!/usr/bin/python3
"""evaluate.py BUILD_DIR CORPUS WORK_DIR - how much of a corpus the real programs find.

Registers the originals with a real service, asks for every changed copy and every stranger, and
prints recall by way and class, beside PDQ at its published threshold, PDQ in eight turns, and a
DCT and a difference hash of 64 bits at the threshold where no stranger alarms. Leaves in WORK_DIR
every answer (answers.ndjson), the figures (figures.json) and contact sheets of stranger alarms and
of misses. The corpus is what build_corpus.py writes, or another of the same tables."""
import collections
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys

import cv2
import numpy as np

from changes import BUCKETS
from score import Recall, loosest, percent, wilson

SHOWN = 40  # pairs on one contact sheet
CELL = 220  # px


def rows(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f, delimiter="\t"))


class Service:
    """A real celwatchd on a store of its own."""

    def __init__(self, build, work):
        self.build = build
        self.key = work / "admin.key"
        shutil.rmtree(work / "data", ignore_errors=True)
        self.key.unlink(missing_ok=True)
        self.key.touch(mode=0o600)
        self.key.write_text(self.run("celwatchd", "init", "--data", work / "data"))
        self.process = subprocess.Popen([build / "celwatchd", "--data", work / "data", "--listen", "127.0.0.1:0"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = self.process.stdout.readline().split()[-1]

    def run(self, program, *arguments):
        return subprocess.run([self.build / program, *arguments], capture_output=True, text=True, check=False).stdout

    def ask(self, command, *arguments):
        return self.run("celwatch", command, "--server", self.url, "--key-file", self.key, *arguments)

    def close(self):
        self.process.terminate()
        self.process.wait()


def name_of(path):
    return "/".join(pathlib.Path(path).parts[-2:])


def ask_service(build, corpus, work):
    service = Service(build, work)
    try:
        print(service.ask("register", "--collection", "corpus", "--root", corpus, corpus / "originals").splitlines()[0])
        text = service.ask("match", "--json", corpus / "queries", corpus / "distractors")
    finally:
        service.close()
    (work / "answers.ndjson").write_text(text)
    return {name_of(a["file"]): a.get("matches", []) for a in map(json.loads, text.splitlines())}


# ---- the hashes that others use ---------------------------------------------------------

def bits_of(text):
    return np.frombuffer(bytes.fromhex(text), np.uint8)


def pdq_hashes(build, corpus):
    """The eight turns of every picture."""
    out = subprocess.run([build / "celwatch", "hash", "--json", *(corpus / d for d in ("originals", "queries", "distractors"))],
                         capture_output=True, text=True, check=False).stdout
    found = {}
    for line in map(json.loads, out.splitlines()):
        fingerprint = line.get("fingerprint", line)
        views = [bits_of(v["hash"]) for v in fingerprint.get("views", []) if v["kind"].split("-")[0] == "pdq" and "rect" not in v["kind"]]
        if len(views) == 8:
            found[name_of(line["file"])] = np.stack(views)
    return found


def dct_hash(grey):
    low = cv2.dct(cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32))[:8, :8].ravel()[1:]
    return np.packbits(np.append(low > np.median(low), False))


def difference_hash(grey):
    small = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA).astype(np.int32)
    return np.packbits((small[:, 1:] > small[:, :-1]).ravel())


def simple_hashes(corpus, function):
    found = {}
    for folder in ("originals", "queries", "distractors"):
        for path in sorted((corpus / folder).iterdir()):
            found[name_of(path)] = function(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))[None]
    return found


class Nearest:
    """Distances of a picture to every original, the least over its turns."""

    def __init__(self, hashes, originals):
        self.hashes = hashes
        self.files = [o["file"] for o in originals if o["file"] in hashes]
        self.groups = [o["group"] for o in originals if o["file"] in hashes]
        self.known = np.stack([hashes[f][0] for f in self.files])

    def distances(self, file, turns):
        if file not in self.hashes:
            return np.full(len(self.files), 999)
        away = [np.bitwise_count(self.known ^ h).sum(1) if hasattr(np, "bitwise_count")
                else np.unpackbits(self.known ^ h, axis=1).sum(1) for h in self.hashes[file][:turns]]
        return np.min(away, axis=0)

    def found(self, file, turns, threshold):
        away = self.distances(file, turns)
        near = [i for i in np.argsort(away, kind="stable") if away[i] <= threshold]
        return [self.groups[i] for i in near]


def rate_hash(nearest, turns, threshold, queries, strangers):
    best = [int(nearest.distances(s["file"], turns).min()) for s in strangers]
    threshold = loosest(best, 0) if threshold is None else threshold
    recall = Recall()
    for query in queries:
        recall.add(query, nearest.found(query["file"], turns, threshold))
    return recall, sum(b <= threshold for b in best), threshold


# ---- the report -------------------------------------------------------------------------

def alarmed(matches, bands):
    return [m for m in matches if m["band"] in bands]


def rate_service(answers, bands, queries, strangers, group):
    recall = Recall()
    for query in queries:
        near = alarmed(answers.get(query["file"], []), bands)
        recall.add(query, [group[name_of(m["asset"])] for m in near])
    alarms = [s for s in strangers if alarmed(answers.get(s["file"], []), bands)]
    return recall, alarms


def print_table(methods, strangers):
    names = list(methods)
    print("\n| %%, mean of the ways | %s |\n|---|%s" % (" | ".join(names), "---|" * len(names)))
    first = methods[names[0]][0]
    for kind in ("all", "colour", "line", "photo"):
        print("| %s | %s |" % (kind, " | ".join(percent(m[0].mean(kind)) for m in methods.values())))
    by_bucket = collections.OrderedDict()
    for way in first.ways:
        by_bucket.setdefault(BUCKETS.get(way, "other"), []).append(way)
    for bucket, ways in by_bucket.items():
        print("| %s | %s |" % (bucket, " | ".join(percent(m[0].mean(ways=ways)) for m in methods.values())))
    print("| wrong asset first | %s |" % " | ".join("%d of %d" % (m[0].wrong, m[0].hits) for m in methods.values()))
    print("| strangers alarmed, of %d | %s |" % (strangers, " | ".join(str(m[1]) for m in methods.values())))
    print("\n%-14s %-12s %s" % ("way", "bucket", "  ".join("%s all (colour/line/photo)" % n for n in names[:2])))
    for way in first.ways:
        cells = ["%5s (%s)" % (percent(m[0].share(way)), "/".join(percent(m[0].share(way, k)) for k in ("colour", "line", "photo")))
                 for m in list(methods.values())[:2]]
        print("%-14s %-12s %s" % (way, BUCKETS.get(way, "other"), "   ".join(cells)))


def contact_sheet(path, corpus, pairs):
    """Two pictures beside each other, with a word about them."""
    cells = []
    for left, right, text in pairs[:SHOWN]:
        cell = np.full((CELL + 18, 2 * CELL + 12, 3), 255, np.uint8)
        for i, file in enumerate((left, right)):
            image = cv2.imread(str(corpus / file))
            factor = CELL / max(image.shape[:2])
            small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)[:CELL, :CELL]
            cell[18:18 + small.shape[0], i * CELL:i * CELL + small.shape[1]] = small
        cv2.putText(cell, text, (2, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 160), 1, cv2.LINE_AA)
        cells.append(cell)
    if cells:
        cells += [np.full_like(cells[0], 255)] * (-len(cells) % 4)
        cv2.imwrite(str(path), np.vstack([np.hstack(cells[i:i + 4]) for i in range(0, len(cells), 4)]))


def related_sources():
    """Strangers that were looked at and do show registered drawing."""
    path = pathlib.Path(__file__).with_name("related.tsv")
    return {r["source"] for r in rows(path)} if path.exists() else set()


def main():
    build, corpus, work = (pathlib.Path(os.path.abspath(a)) for a in sys.argv[1:4])
    work.mkdir(parents=True, exist_ok=True)
    originals, strangers = rows(corpus / "originals.tsv"), rows(corpus / "distractors.tsv")
    queries = [q for q in rows(corpus / "queries.tsv") if q["transform"] != "distractor"]
    group = {o["file"]: o["group"] for o in originals}
    file_of = {o["id"]: o["file"] for o in originals}
    answers = ask_service(build, corpus, work)
    possible, alarms = rate_service(answers, ("strong", "possible"), queries, strangers, group)
    strong, strong_alarms = rate_service(answers, ("strong",), queries, strangers, group)
    pdq = Nearest(pdq_hashes(build, corpus), originals)
    methods = collections.OrderedDict((("celwatch, possible", (possible, len(alarms))), ("strong", (strong, len(strong_alarms)))))
    for name, hashes, turns, threshold in (("PDQ <= 31", pdq, 1, 31), ("PDQ x 8 <= 31", pdq, 8, 31),
                                           ("pHash", None, 1, None), ("dHash", None, 1, None)):
        function = {"pHash": dct_hash, "dHash": difference_hash}.get(name)
        nearest = hashes or Nearest(simple_hashes(corpus, function), originals)
        recall, n, threshold = rate_hash(nearest, turns, threshold, queries, strangers)
        methods[name if hashes else "%s <= %d" % (name, threshold)] = (recall, n)
    print_table(methods, len(strangers))
    related = related_sources()
    clean = [s for s in strangers if s["source"] not in related]
    clean_alarms = [s for s in alarms if s["source"] not in related]
    low, high = wilson(len(clean_alarms), len(clean))
    print("\nstrangers that show no registered drawing: %d of %d raised an alarm, 95 %% interval %.2f to %.2f %%; strong: %d"
          % (len(clean_alarms), len(clean), 100 * low, 100 * high, len([s for s in strong_alarms if s["source"] not in related])))
    contact_sheet(work / "alarms.png", corpus, [(s["file"], alarmed(answers[s["file"]], ("strong", "possible"))[0]["asset"],
                  "%s %s" % (s["id"], answers[s["file"]][0]["view"])) for s in clean_alarms])
    missed = [q for q in queries if not any(group[name_of(m["asset"])] == q["true_group"] for m in alarmed(answers.get(q["file"], []), ("strong", "possible")))]
    contact_sheet(work / "misses.png", corpus, [(q["file"], file_of[q["true_id"]], q["transform"]) for q in missed[::max(1, len(missed) // SHOWN)]])
    found = [q for q in queries if q not in missed]
    contact_sheet(work / "hits.png", corpus, [(q["file"], file_of[q["true_id"]], q["transform"]) for q in found[::max(1, len(found) // SHOWN)]])
    (work / "figures.json").write_text(json.dumps({n: {"mean": r.mean(), "ways": {w: r.share(w) for w in r.ways}, "alarms": a}
                                                   for n, (r, a) in methods.items()}, indent=1))
    (work / "alarms.tsv").write_text("".join("%s\t%s\t%s\n" % (s["id"], s["source"], alarmed(answers[s["file"]], ("strong", "possible"))[0]["asset"]) for s in alarms))
    print("answers, figures and contact sheets: alarms.png, misses.png, hits.png in the work folder")


main()
