"""art.py - the drawings that the corpus is made of: found in Debian packages, brought to one
size, grouped so that variants of one drawing stay together."""
import hashlib
import os
import re

import cv2
import numpy as np

LONGER = 768  # px of an original
FOLDERS = ("/usr/share/openclipart/png", "/usr/share/games/supertux2/images", "/usr/share/tuxpaint/stamps",
           "/usr/share/backgrounds/mate")
PHOTOS = ("/usr/share/tuxpaint/stamps", "/usr/share/backgrounds")


def order(text):
    """A shuffled but fixed order."""
    return hashlib.sha256(("celwatch " + text).encode()).hexdigest()


def flatten(image):
    """On white, three channels of 8 bits, without a transparent margin."""
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if image.ndim == 2:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    if image.shape[2] == 3:
        return image
    seen = np.argwhere(image[:, :, 3] > 8)
    if len(seen) < 0.08 * image.shape[0] * image.shape[1]:
        return None  # next to nothing is drawn
    (top, left), (bottom, right) = seen.min(0), seen.max(0) + 1
    image = image[top:bottom, left:right]
    part = image[:, :, 3:].astype(np.float32) / 255
    drawn = (image[:, :, :3] * part + 255 * (1 - part)).astype(np.uint8)
    edge = max(8, max(drawn.shape[:2]) // 25)
    return cv2.copyMakeBorder(drawn, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(255, 255, 255))


def load(path):
    """A drawing worth registering, or None: too small, too long, too plain."""
    image = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    image = None if image is None else flatten(image)
    if image is None:
        return None
    height, width = image.shape[:2]
    if min(height, width) < 200 or max(height, width) > 3.6 * min(height, width):
        return None
    if max(height, width) > LONGER:
        factor = LONGER / max(height, width)
        image = cv2.resize(image, (round(width * factor), round(height * factor)), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (256, 256), interpolation=cv2.INTER_AREA)
    busy = (np.abs(cv2.Laplacian(small, cv2.CV_16S)) > 12).mean()
    return image if grey.std() >= 10 and busy >= 0.01 else None


def is_line(image):
    """A drawing in lines: no colour, mostly paper, few greys."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    colour = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)[:, :, 1]
    greys = ((grey > 70) & (grey < 200)).mean()
    return (colour > 40).mean() < 0.01 and (grey > 220).mean() > 0.55 and greys < 0.12


def pencil(image, rng):
    """As if drawn again with a soft pencil on grained paper."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    soft = cv2.GaussianBlur(255 - grey, (0, 0), 0.006 * max(grey.shape) + 1.2)
    drawn = np.minimum(255, grey * 255 / np.maximum(1, 255 - soft))
    dark = 255 - 255 * (drawn / 255) ** 1.7
    grain = cv2.GaussianBlur(rng.normal(0, 1, grey.shape).astype(np.float32), (0, 0), 0.8)
    paper = 252 - dark * np.clip(0.85 + 0.35 * grain, 0, 1.2)
    return cv2.cvtColor(np.clip(paper, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)


def clean_up(image, _rng=None):
    """The clean line of a colour frame: differences of two blurs, made hard."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    wide = 0.0016 * max(grey.shape) + 0.4
    edge = cv2.GaussianBlur(grey, (0, 0), wide) - 0.98 * cv2.GaussianBlur(grey, (0, 0), 1.6 * wide)
    line = np.where(edge > 0, 1.0, 1 + np.tanh(60 * edge))
    return cv2.cvtColor((255 * np.clip(line, 0, 1)).astype(np.uint8), cv2.COLOR_GRAY2BGR)


SETS = ("roadsigns", "aiga-symbols", "map_symbols", "signs_and_symbols", "flags", "smilies")  # one hand, one frame


def group_of(path):
    """What drawings that share drawn matter have in common: sets drawn in one frame and sprites of
    one figure are told by their folder, the rest by folder and first word."""
    folder, name = os.path.split(path.lower())
    for one in SETS:
        if one in path:
            return one
    if "/supertux2/" in path:
        return folder.split("/images/")[-1]
    word = re.match(r"[^a-z]*([a-z]*)", name).group(1)
    return "%s/%s" % (os.path.basename(folder), word)


def class_of(path, image):
    if is_line(image):
        return "line"
    return "photo" if path.startswith(PHOTOS) else "colour"


def paths():
    """All pictures of the packages, groups together, groups and their members shuffled."""
    found = []
    for top in FOLDERS:
        for folder, _, files in os.walk(top):
            found += [os.path.join(folder, f) for f in files if f.lower().endswith((".png", ".jpg"))]
    return sorted(found, key=lambda p: (order(group_of(p)), order(p)))
