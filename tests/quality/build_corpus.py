#!/usr/bin/python3
"""build_corpus.py DIR [REGISTERED STRANGERS SAMPLED] - drawings to be registered, drawings that never
are, and changed copies of some of the first, with what they are in three tables:

    originals.tsv    id file class group source        class: colour, line, line-synth or photo
    distractors.tsv  the same, of the strangers
    queries.tsv      qid file true_id true_group class transform

The same packages give the same corpus. A group (variants of one drawing) is on one side only, and
what looks like a picture of the other side is left out."""
import csv
import os
import sys

import cv2
import numpy as np

from art import class_of, clean_up, group_of, load, order, paths, pencil
from changes import CHANGES, OF_COLOUR, OF_LINE

ALIKE = 0.965  # correlation of 24 x 24 grey samples
EVERY = 3  # of five changes are made of one original
SYNTHETIC = 4  # every so many colour drawings are registered as a line drawing made of them


def rng_of(*names):
    return np.random.default_rng(int(order("|".join(map(str, names)))[:16], 16))


def samples(image):
    """What two pictures are compared by: mean 0, length 1."""
    grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (24, 24), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    grey -= grey.mean()
    return grey / (np.linalg.norm(grey) + 1e-6)


def choose(n_registered, n_strangers):
    """Pictures in order, alternately for either side by group, none alike across groups."""
    sides, seen, seen_groups = ([], []), [], []
    wanted = (n_registered, n_strangers)
    for path in paths():
        group = group_of(path)
        side = int(order("side " + group)[:8], 16) % (n_registered + n_strangers) >= n_registered
        if all(len(s) >= n for s, n in zip(sides, wanted)):
            break
        if len(sides[side]) >= wanted[side]:
            continue
        image = load(path)
        if image is None:
            continue
        sample = samples(image)
        if seen:
            likeness = np.array(seen) @ sample
            if any(seen_groups[i] != group for i in np.flatnonzero(likeness > ALIKE)):
                continue
        seen.append(sample)
        seen_groups.append(group)
        sides[side].append((path, group, class_of(path, image), image))
    return sides


def table(path, fields):
    out = csv.writer(open(path, "w", encoding="utf-8", newline=""), delimiter="\t", lineterminator="\n")
    out.writerow(fields)
    return out


def save(root, folder, name, image, n):
    """Half as PNG, half as JPEG: studios and servers have both."""
    file = "%s/%s.%s" % (folder, name, "png" if n % 2 else "jpg")
    cv2.imwrite(os.path.join(root, file), image, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return file


def registered_form(n, path, kind, image):
    """Some colour drawings are registered as a line drawing; their colours are a query."""
    if kind == "colour" and n % SYNTHETIC == 0:
        make = pencil if n % (2 * SYNTHETIC) else clean_up
        return "line-synth", make(image, rng_of(path, "line"))
    return kind, image


def write_queries(root, sampled, others):
    out = table(os.path.join(root, "queries.tsv"), ("qid", "file", "true_id", "true_group", "class", "transform"))
    number = 0
    for n, (ident, path, group, kind, image, colour) in enumerate(sampled):
        changes = list(CHANGES) + (OF_COLOUR if kind in ("colour", "photo") else OF_LINE)
        if kind == "line-synth":
            changes.append(("colour-line", "colour_of_line", lambda m, r, o, c=colour: c))
        for k, (_, name, change) in enumerate(changes):
            if (n + k) % 5 >= EVERY and name != "colour_of_line":
                continue
            changed = np.ascontiguousarray(change(image, rng_of(path, name), others))
            number += 1
            quality = int(rng_of(path, name, "q").integers(70, 95))
            file = "queries/q%05d.jpg" % number
            cv2.imwrite(os.path.join(root, file), changed, [cv2.IMWRITE_JPEG_QUALITY, quality])
            out.writerow(("q%05d" % number, file, ident, group, kind, name))
    return number


def main():
    root = sys.argv[1]
    n_registered, n_strangers, n_sampled = [int(v) for v in sys.argv[2:]] or [600, 1000, 75]
    cv2.setNumThreads(1)
    for folder in ("originals", "distractors", "queries"):
        os.makedirs(os.path.join(root, folder), exist_ok=True)
    works, strangers = choose(n_registered, n_strangers)
    fields = ("id", "file", "class", "group", "source")
    out = table(os.path.join(root, "originals.tsv"), fields)
    known = []
    for n, (path, group, kind, image) in enumerate(works):
        shown, form = registered_form(n, path, kind, image)
        ident = "r%05d" % n
        out.writerow((ident, save(root, "originals", ident, form, n), shown, group, path))
        known.append((ident, path, group, shown, form, image))
    out = table(os.path.join(root, "distractors.tsv"), fields)
    for n, (path, group, kind, image) in enumerate(strangers):
        out.writerow(("d%05d" % n, save(root, "distractors", "d%05d" % n, image, n), kind, group, path))
    by_class = {}
    for item in known:
        by_class.setdefault(item[3], []).append(item)
    sampled = sorted((i for items in by_class.values() for i in items[:max(4, n_sampled * len(items) // len(known))]))
    number = write_queries(root, sampled, lambda rng: strangers[int(rng.integers(0, len(strangers)))][3])
    print("%d registered, %d strangers, %d changed copies of %d" % (len(works), len(strangers), number, len(sampled)))


main()
