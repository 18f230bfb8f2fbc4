#!/usr/bin/python3
"""Chooses drawings for the demo and makes the changed copies that are to be caught.

    demo_copies.py FROM TO     FROM: folder of drawings; TO: an empty folder

Writes into TO:
    work/        drawings to be registered
    strangers/   other drawings, to be submitted though nobody registered them
    copies/T/    changed copies of a sample of work/, one folder a transform
    manifest     a line a file: kind, transform, path, the registered path it was made of
    choice       how many drawings were looked at, and why others were left out

Every choice follows from the names and contents of the files: two runs agree. What is a
different drawing is decided here by a hash of another kind than the one under test.
"""

import colorsys
import hashlib
import os
import re
import sys
import warnings

from PIL import Image, ImageDraw, ImageOps

FOLDERS = (
    "animals buildings education electronics food office people plants recreation tools "
    "transportation"
).split()
ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
# Pictograms, maps and boards of one pattern are no drawings that anybody could tell apart.
LEFT_OUT = ("games", "roadsigns", "aiga-symbols", "stickmen")
N_WORK = 360
N_STRANGERS = 140
N_SAMPLE = 48
MIN_PX = 64
MAX_PX = 3000
TOO_SMALL_OR_LARGE = "smaller than %d px or larger than %d px" % (MIN_PX, MAX_PX)
GRID = 16  # the comparison hash looks at GRID x GRID cells
SAME_DRAWING = 44  # of GRID * GRID bits; unrelated drawings differ in about 120
MIN_LEVELS = 12  # distinct grey levels in the grid below which a picture is too plain
MIN_COVER = 0.3  # part of the page that the drawing must reach over


def on_white(image):
    """The picture as it looks on a white page."""
    rgba = image.convert("RGBA")
    page = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(page, rgba).convert("RGB")


def look(image):
    """Grey cells of the drawing without its margins, contrast stretched, and the part of the
    page that it reaches over."""
    grey = ImageOps.grayscale(image)
    everything = (0, 0) + image.size
    box = ImageOps.invert(grey).point(lambda v: 255 if v > 12 else 0).getbbox() or everything
    cover = (box[2] - box[0]) * (box[3] - box[1]) / (image.size[0] * image.size[1])
    cells = ImageOps.autocontrast(grey.crop(box), cutoff=1).resize((GRID, GRID), Image.BOX)
    return cells, cover


def bits_of(cells):
    """One bit a cell: darker than the median or not."""
    values = list(cells.getdata())
    middle = sorted(values)[len(values) // 2]
    bits = 0
    for v in values:
        bits = bits << 1 | (v < middle)
    return bits


def eight_ways(cells):
    """The bits of the cells, turned and mirrored in all eight ways."""
    turns = (Image.ROTATE_90, Image.ROTATE_180, Image.ROTATE_270)
    turned = [cells] + [cells.transpose(t) for t in turns]
    return [bits_of(c) for t in turned for c in (t, ImageOps.mirror(t))]


def is_same(ways, known):
    """Whether a drawing, in any way, also inverted, is like one of the known ones."""
    full = GRID * GRID
    for bits in ways:
        for other in known:
            d = (bits ^ other).bit_count()
            if d <= SAME_DRAWING or d >= full - SAME_DRAWING:
                return True
    return False


def series_of(path):
    """Folder and first word of the name: what variants, recolours and sequels share."""
    first = re.match(r"[^a-z]*([a-z]*)", os.path.basename(path).lower()).group(1)
    return os.path.dirname(path), first


def drawings_in(root):
    """Paths below root, in an order that mixes the folders but is always the same."""
    found = []
    known = [top for top in FOLDERS if os.path.isdir(os.path.join(root, top))]
    for top in known or ["."]:
        for folder, names, files in os.walk(os.path.join(root, top)):
            names[:] = [n for n in names if n not in LEFT_OUT]
            for name in files:
                path = os.path.join(folder, name)
                if name.lower().endswith(ENDINGS) and not os.path.islink(path):
                    found.append(os.path.relpath(path, root))
    return sorted(found, key=lambda p: hashlib.sha256(p.encode()).digest())


def progress(done, total, what):
    if sys.stderr.isatty():
        bar = ("#" * (24 * done // total)).ljust(24, ".")
        sys.stderr.write("\r\033[K[%s] %d/%d %s" % (bar, done, total, what))
        if done == total:
            sys.stderr.write("\r\033[K")


class Choice:
    """Drawings that were taken, and why others were not."""

    def __init__(self):
        self.taken = []
        self.hashes = []
        self.series = set()
        self.skipped = {}

    def skip(self, why):
        self.skipped[why] = self.skipped.get(why, 0) + 1

    def consider(self, root, path):
        try:
            with Image.open(os.path.join(root, path)) as image:
                size = image.size
                if min(size) < MIN_PX or max(size) > MAX_PX:
                    return self.skip(TOO_SMALL_OR_LARGE)
                cells, cover = look(on_white(image))
        except Image.DecompressionBombWarning:
            return self.skip(TOO_SMALL_OR_LARGE)
        except (OSError, ValueError, SyntaxError):
            return self.skip("not readable")
        if series_of(path) in self.series:
            return self.skip("named like one that was taken: a variant, maybe")
        if len(set(cells.getdata())) < MIN_LEVELS:
            return self.skip("too plain")
        if cover < MIN_COVER:
            return self.skip("small on a page that is nearly empty")
        ways = eight_ways(cells)
        if is_same(ways, self.hashes):
            return self.skip("too much like one that was taken")
        self.series.add(series_of(path))
        self.hashes.append(ways[0])
        return self.taken.append(path)


def choose(root):
    choice = Choice()
    found = drawings_in(root)
    looked = 0
    for path in found:
        if len(choice.taken) == N_WORK + N_STRANGERS:
            break
        choice.consider(root, path)
        looked += 1
        progress(len(choice.taken), N_WORK + N_STRANGERS, "drawings chosen")
    if len(choice.taken) < N_WORK + N_STRANGERS:
        sys.exit("demo: only %d usable drawings in %s" % (len(choice.taken), root))
    return choice, looked


def rehued(image):
    """Colours turned by 110 degrees, more contrast."""
    h, s, v = image.convert("HSV").split()
    h = h.point(lambda x: (x + 78) % 256)
    image = Image.merge("HSV", (h, s, v)).convert("RGB")
    return image.point(lambda x: max(0, min(255, int((x - 128) * 1.25 + 122))))


def with_margin(image, n):
    """The drawing on a page, a little off its middle."""
    w, h = image.size
    part = (6 + n % 10) / 100
    edge = max(4, int(part * max(w, h)))
    page = Image.new("RGB", (w + 2 * edge, h + 3 * edge), "white")
    page.paste(image, (edge, edge))
    return page


def with_notes(image, n):
    """A reviewer's marks drawn over it: a ring, an arrow, lines of writing."""
    image = image.copy()
    w, h = image.size
    pen = ImageDraw.Draw(image)
    red = tuple(int(255 * c) for c in colorsys.hsv_to_rgb((n % 7) / 40, 0.9, 0.85))
    wide = max(2, min(w, h) // 60)
    x, y = w * (20 + n % 40) // 100, h * (25 + n % 30) // 100
    pen.ellipse((x, y, x + w // 4, y + h // 4), outline=red, width=wide)
    pen.line((x, y, w // 10, h // 10), fill=red, width=wide)
    for line in range(3):
        top = h * (80 + 5 * line) // 100
        for word in range(4):
            left = w * (8 + 11 * word) // 100
            pen.line((left, top, left + w * 8 // 100, top - h // 90), fill=red, width=wide)
    return image


def resized(image, n):
    """0.4 to 1.6 times as large, but no smaller than 48 pixels."""
    factor = max((0.4, 0.6, 0.8, 1.3, 1.6)[n % 5], 48 / min(image.size))
    return image.resize([max(1, round(d * factor)) for d in image.size], Image.LANCZOS)


def cropped(image, n):
    """What is left when 12 to 20 % are cut away from width and height, on sides that vary."""
    w, h = image.size
    part = (12 + n % 9) / 100
    left, top = int(w * part * (n % 3) / 2), int(h * part * (n % 2))
    return image.crop((left, top, left + int(w * (1 - part)), top + int(h * (1 - part))))


def askew(image, n):
    """Laid on a scanner by 3 to 7 degrees off."""
    return image.rotate(3 + n % 5 if n % 2 else -3 - n % 5, Image.BICUBIC, expand=True, fillcolor="white")


def jpeg(n):
    return {"format": "JPEG", "quality": 30 + n * 7 % 56}


# Name, what is done to the picture, how it is saved. PNG where only the change counts.
PNG = {"format": "PNG"}
TRANSFORMS = (
    ("re-encoded JPEG", lambda i, n: i, jpeg),
    ("re-encoded WebP", lambda i, n: i, lambda n: {"format": "WEBP", "quality": 40 + n % 45}),
    ("resized", resized, lambda n: PNG),
    ("turned 90", lambda i, n: i.transpose(Image.ROTATE_90), jpeg),
    ("turned 180", lambda i, n: i.transpose(Image.ROTATE_180), jpeg),
    ("turned 270", lambda i, n: i.transpose(Image.ROTATE_270), jpeg),
    ("mirrored left-right", lambda i, n: ImageOps.mirror(i), jpeg),
    ("mirrored top-bottom", lambda i, n: ImageOps.flip(i), jpeg),
    ("recoloured", lambda i, n: rehued(i), jpeg),
    ("page margin", with_margin, jpeg),
    ("notes drawn over", with_notes, jpeg),
    ("cropped", cropped, jpeg),
    ("askew", askew, jpeg),
)


def copy_file(source, target):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(source, "rb") as src, open(target, "wb") as dst:
        dst.write(src.read())


def make_copies(root, sample, out, manifest):
    total = len(sample) * len(TRANSFORMS)
    done = 0
    for n, path in enumerate(sample):
        with Image.open(os.path.join(root, path)) as original:
            page = on_white(original)
        for name, change, how in TRANSFORMS:
            options = how(n)
            ending = {"JPEG": "jpg", "WEBP": "webp", "PNG": "png"}[options["format"]]
            copy = "copies/%s/%03d.%s" % (name.replace(" ", "-"), n, ending)
            target = os.path.join(out, copy)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            change(page, n).save(target, **options)
            manifest.write("copy\t%s\t%s\t%s\n" % (name, copy, path))
            done += 1
            progress(done, total, "changed copies made")


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: demo_copies.py FROM TO")
    root, out = sys.argv[1:]
    warnings.simplefilter("error", Image.DecompressionBombWarning)  # counts as too large
    choice, looked = choose(root)
    work, strangers = choice.taken[:N_WORK], choice.taken[N_WORK:]
    with open(os.path.join(out, "manifest"), "w", encoding="utf-8") as manifest:
        for path in work:
            copy_file(os.path.join(root, path), os.path.join(out, "work", path))
        for n, path in enumerate(strangers):
            name = "strangers/%03d-%s" % (n, os.path.basename(path))
            copy_file(os.path.join(root, path), os.path.join(out, name))
            manifest.write("stranger\t-\t%s\t-\n" % name)
        make_copies(root, work[:: N_WORK // N_SAMPLE][:N_SAMPLE], out, manifest)
    with open(os.path.join(out, "choice"), "w", encoding="utf-8") as f:
        f.write("%d drawings looked at, %d taken; left out:\n" % (looked, len(choice.taken)))
        for why, count in sorted(choice.skipped.items(), key=lambda item: -item[1]):
            f.write("  %5d  %s\n" % (count, why))


main()
