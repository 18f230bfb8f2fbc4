"""changes.py - what happens to artwork on its way out: one small function a way. Each takes a
picture, a random generator of its own and a drawer of other pictures (for collages)."""
import cv2
import numpy as np

from art import clean_up, pencil

WORDS = ("SC 12 CUT 4 retake key pose in-between hold 24f camera pan left colour model approved "
         "clean-up layout timing episode 108 B-roll check eyes line weight").split()


def words(rng, n):
    return " ".join(rng.choice(WORDS) for _ in range(n))


def write(image, text, x, y, size, colour, wide=1):
    cv2.putText(image, text, (int(x), int(y)), cv2.FONT_HERSHEY_SIMPLEX, size, colour, max(1, int(wide)), cv2.LINE_AA)


def scaled(image, factor):
    size = (max(8, round(image.shape[1] * factor)), max(8, round(image.shape[0] * factor)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)


def jpeg(image, quality):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def curve(image, function):
    table = np.clip(function(np.arange(256) / 255) * 255, 0, 255).astype(np.uint8)
    return cv2.LUT(image, table)


def noise(image, rng, sigma):
    return np.clip(image + rng.normal(0, sigma, image.shape), 0, 255).astype(np.uint8)


def blur(image, part):
    return cv2.GaussianBlur(image, (0, 0), part * max(image.shape[:2]))


def hue(image):
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV).astype(np.int32)
    hsv[:, :, 0] = (hsv[:, :, 0] + 55) % 180
    return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR)


def fax(image):
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return cv2.cvtColor(cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1], cv2.COLOR_GRAY2BGR)


def dither(image):
    bayer = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) * 16 + 8
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    tile = np.tile(bayer, (grey.shape[0] // 4 + 1, grey.shape[1] // 4 + 1))[:grey.shape[0], :grey.shape[1]]
    return cv2.cvtColor(np.where(grey > tile, 255, 0).astype(np.uint8), cv2.COLOR_GRAY2BGR)


def crop(image, rng, part):
    height, width = image.shape[:2]
    h, w = round(height * (1 - part)), round(width * (1 - part))
    y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
    return image[y:y + h, x:x + w]


def bars(image, across):
    height, width = image.shape[:2]
    edge = (0, 0, width // 6, width // 6) if across else (height // 6, height // 6, 0, 0)
    return cv2.copyMakeBorder(image, *edge, cv2.BORDER_CONSTANT, value=(0, 0, 0))


def paste(page, image, x, y):
    height, width = image.shape[:2]
    page[y:y + height, x:x + width] = image


def sheet(image, rng, part):
    """A production sheet: boxes, lines of text, and the frame at `part` of the width."""
    height, width = image.shape[:2]
    page_w, page_h = round(width / part), max(round(height / part), height + 80)
    page = np.full((page_h, page_w, 3), 250, np.uint8)
    unit = max(page_w, page_h) / 1200
    for _ in range(int(5 + 9 * (1 - part))):
        x, y = rng.uniform(0, 0.85) * page_w, rng.uniform(0, 0.93) * page_h
        cv2.rectangle(page, (int(x), int(y)), (int(x + rng.uniform(0.08, 0.3) * page_w), int(y + rng.uniform(0.03, 0.12) * page_h)),
                      (60, 60, 60), max(1, int(2 * unit)))
    for _ in range(int(6 + 14 * (1 - part))):
        write(page, words(rng, 4), rng.uniform(0, 0.7) * page_w, rng.uniform(0.02, 0.99) * page_h,
              0.6 * unit * rng.uniform(0.7, 1.4), (40, 40, 40), 1.5 * unit)
    x, y = int((page_w - width) * rng.uniform(0.2, 0.8)), int((page_h - height) * rng.uniform(0.25, 0.75))
    cv2.rectangle(page, (x - 8, y - 8), (x + width + 8, y + height + 8), (250, 250, 250), -1)
    paste(page, image, x, y)
    cv2.rectangle(page, (x - 1, y - 1), (x + width, y + height), (0, 0, 0), max(1, int(2 * unit)))
    return scaled(page, min(1, 1800 / max(page_w, page_h)))


def scribble(image, rng):
    out = image.copy()
    height, width = out.shape[:2]
    wide = max(2, width // 160)
    for colour in ((30, 30, 220), (210, 80, 20)):
        for _ in range(3):
            steps = np.cumsum(rng.normal(0, 0.06, (14, 2)), 0) * (width, height)
            line = steps + (rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height)
            cv2.polylines(out, [line.astype(np.int32)], False, colour, wide, cv2.LINE_AA)
        centre = (int(rng.uniform(0.2, 0.8) * width), int(rng.uniform(0.2, 0.8) * height))
        cv2.ellipse(out, centre, (width // 8, height // 10), 0, 0, 360, colour, wide, cv2.LINE_AA)
        write(out, words(rng, 2), rng.uniform(0.05, 0.5) * width, rng.uniform(0.1, 0.95) * height, width / 500, colour, wide)
    return out


def watermark(image, rng):
    over = np.zeros_like(image)
    height, width = image.shape[:2]
    for row in range(5):
        write(over, "PREVIEW COPY  " * 4, -(row % 2) * width / 4, height * (row + 0.6) / 5, width / 420, (255, 255, 255), width // 260)
    turned = turn(over, 22, (0, 0, 0))
    y, x = (turned.shape[0] - height) // 2, (turned.shape[1] - width) // 2
    return np.clip(image.astype(np.int32) - 0.28 * turned[y:y + height, x:x + width], 0, 255).astype(np.uint8)


def logo(image):
    out = image.copy()
    width = out.shape[1]
    size = width // 7
    cv2.circle(out, (width - size, size), size // 2, (40, 160, 240), -1, cv2.LINE_AA)
    write(out, "TV8", width - 1.4 * size, 1.1 * size, size / 60, (255, 255, 255), size // 20)
    return cv2.addWeighted(out, 0.85, image, 0.15, 0)


def subtitle(image, rng):
    out = image.copy()
    height, width = out.shape[:2]
    for line in range(2):
        text = words(rng, 4)
        for colour, wide in (((0, 0, 0), 6), ((255, 255, 255), 2)):
            write(out, text, 0.08 * width, (0.86 + 0.09 * line) * height, width / 620, colour, wide * width / 800)
    return out


def turn(image, degrees, fill=(255, 255, 255)):
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (int(height * sin + width * cos), int(height * cos + width * sin))
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=fill)


def perspective(image, rng, amount, fill=(255, 255, 255)):
    height, width = image.shape[:2]
    corners = np.float32([(0, 0), (width, 0), (width, height), (0, height)])
    moved = corners + rng.uniform(0, amount, (4, 2)).astype(np.float32) * (width, height) * ((1, 1), (-1, 1), (-1, -1), (1, -1))
    return cv2.warpPerspective(image, cv2.getPerspectiveTransform(corners, np.float32(moved)), (width, height), borderValue=fill)


def photo_screen(image, rng):
    """A monitor in a dark room: bezel, moire, glare, a crooked view, noise."""
    edge = max(image.shape[:2]) // 14
    out = cv2.copyMakeBorder(image, edge, edge, edge, 2 * edge, cv2.BORDER_CONSTANT, value=(25, 25, 25))
    height, width = out.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    moire = 1 + 0.07 * np.sin(x * rng.uniform(0.8, 1.3) + y * 0.12) * np.sin(y * rng.uniform(0.7, 1.2))
    glare = 60 * np.exp(-(((x / width - rng.uniform(0.1, 0.9)) / 0.2) ** 2 + ((y / height - rng.uniform(0.1, 0.9)) / 0.25) ** 2))
    out = np.clip(out * moire[:, :, None] * 0.9 + glare[:, :, None], 0, 255).astype(np.uint8)
    wall = cv2.copyMakeBorder(out, height // 7, height // 7, width // 7, width // 7, cv2.BORDER_CONSTANT, value=(70, 75, 80))
    return jpeg(noise(turn(perspective(wall, rng, 0.06, (70, 75, 80)), rng.uniform(-3, 3), (70, 75, 80)), rng, 7), 75)


def phone_sheet(image, rng):
    """A marked sheet on a desk, photographed by phone."""
    page = sheet(scribble(image, rng), rng, 0.6)
    desk = cv2.copyMakeBorder(page, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=(60, 85, 120))
    shade = np.linspace(0.7, 1.05, desk.shape[1])[None, :, None]
    out = np.clip(perspective(desk, rng, 0.05, (60, 85, 120)) * shade, 0, 255).astype(np.uint8)
    return jpeg(noise(turn(out, rng.uniform(-6, 6), (60, 85, 120)), rng, 6), 60)


def desktop(image, rng):
    """A screenshot: bars, icons, another window, and a viewer that shows the picture small."""
    screen = np.full((1080, 1920, 3), (140, 90, 40), np.uint8)
    screen[:] = np.linspace(0.6, 1.2, 1920)[None, :, None] * screen
    cv2.rectangle(screen, (0, 1040), (1920, 1080), (45, 45, 45), -1)
    for i in range(8):
        cv2.rectangle(screen, (30, 40 + 110 * i), (90, 100 + 110 * i), tuple(int(c) for c in rng.integers(60, 250, 3)), -1)
        write(screen, words(rng, 1), 25, 122 + 110 * i, 0.45, (255, 255, 255))
    cv2.rectangle(screen, (150, 60), (900, 700), (245, 245, 245), -1)
    for line in range(24):
        write(screen, words(rng, 7), 170, 100 + 25 * line, 0.5, (50, 50, 50))
    small = scaled(image, min(rng.uniform(620, 900) / image.shape[1], 760 / image.shape[0]))
    x, y = int(rng.integers(500, 1900 - small.shape[1])), int(rng.integers(80, 1030 - small.shape[0]))
    cv2.rectangle(screen, (x - 2, y - 32), (x + small.shape[1] + 2, y + small.shape[0] + 2), (225, 225, 225), -1)
    write(screen, "viewer - " + words(rng, 2), x + 8, y - 10, 0.5, (30, 30, 30))
    paste(screen, small, x, y)
    return screen


def collage(image, rng, others, n):
    """A contact sheet of n by n, the picture somewhere on it."""
    height, width = image.shape[:2]
    page = np.full((n * (height + 20) + 20, n * (width + 20) + 20, 3), 245, np.uint8)
    at = int(rng.integers(0, n * n))
    for i in range(n * n):
        cell = image if i == at else cv2.resize(others(rng), (width, height), interpolation=cv2.INTER_AREA)
        paste(page, cell, 20 + (i % n) * (width + 20), 20 + (i // n) * (height + 20))
    return scaled(page, min(1, 1600 / max(page.shape[:2])))


def occlude(image, rng):
    out = image.copy()
    height, width = out.shape[:2]
    x, y = int(rng.uniform(0, 0.5) * width), int(rng.uniform(0, 0.5) * height)
    cv2.rectangle(out, (x, y), (x + width // 2, y + height // 2), tuple(int(c) for c in rng.integers(0, 255, 3)), -1)
    return out


def web_repost(image, rng):
    return jpeg(scaled(logo(crop(image, rng, 0.04)), 360 / max(image.shape[:2])), 40)


def colour_line(image, rng):
    """Flat colours filled into a line drawing."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    n, labels = cv2.connectedComponents((grey > 150).astype(np.uint8), connectivity=4)
    palette = rng.integers(110, 255, (n, 3)).astype(np.uint8)
    return (palette[labels] * (grey[:, :, None] / 255)).astype(np.uint8)


def stretched(image, across, down):
    return cv2.resize(image, (round(image.shape[1] * across), round(image.shape[0] * down)), interpolation=cv2.INTER_AREA)


# bucket, name, what is done; m is the picture, r the random generator, o the others.
CHANGES = [("photometric", name, function) for name, function in (
    ("identity", lambda m, r, o: m), ("jpeg10", lambda m, r, o: jpeg(m, 10)), ("jpeg30", lambda m, r, o: jpeg(m, 30)),
    ("jpeg60", lambda m, r, o: jpeg(m, 60)), ("jpeg90", lambda m, r, o: jpeg(m, 90)),
    ("thumb160", lambda m, r, o: scaled(m, 160 / max(m.shape[:2]))), ("upscale", lambda m, r, o: scaled(m, 1.6)),
    ("blur1", lambda m, r, o: blur(m, 0.003)), ("blur2", lambda m, r, o: blur(m, 0.009)),
    ("noise15", lambda m, r, o: noise(m, r, 15)), ("noise40", lambda m, r, o: noise(m, r, 40)),
    ("gamma0.5", lambda m, r, o: curve(m, lambda v: v ** 0.5)), ("gamma2", lambda m, r, o: curve(m, lambda v: v ** 2)),
    ("brighter", lambda m, r, o: curve(m, lambda v: v + 0.2)), ("flat", lambda m, r, o: curve(m, lambda v: 0.3 + 0.4 * v)),
    ("grey", lambda m, r, o: cv2.cvtColor(cv2.cvtColor(m, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)),
    ("recolour", lambda m, r, o: hue(m)), ("fax", lambda m, r, o: fax(m)), ("dither", lambda m, r, o: dither(m)),
    ("squeeze43", lambda m, r, o: stretched(m, 0.75, 1)), ("stretch169", lambda m, r, o: stretched(m, 1.33, 1)))]
CHANGES += [("turned", name, function) for name, function in (
    ("invert", lambda m, r, o: 255 - m), ("flip_h", lambda m, r, o: m[:, ::-1]), ("flip_v", lambda m, r, o: m[::-1]),
    ("rot90", lambda m, r, o: np.rot90(m)), ("rot180", lambda m, r, o: np.rot90(m, 2)))]
CHANGES += [("askew", "rot%ddeg" % d, lambda m, r, o, d=d: turn(m, d)) for d in (1, 2, 5, 10)]
CHANGES += [("askew", "perspective", lambda m, r, o: perspective(m, r, 0.08))]
CHANGES += [("crop", "crop%d" % p, lambda m, r, o, p=p: crop(m, r, p / 100)) for p in (5, 10, 20, 30, 50)]
CHANGES += [("covered", name, function) for name, function in (
    ("watermark", lambda m, r, o: watermark(m, r)), ("logo", lambda m, r, o: logo(m)), ("subtitle", lambda m, r, o: subtitle(m, r)),
    ("scribble", lambda m, r, o: scribble(m, r)), ("occlude25", lambda m, r, o: occlude(m, r)))]
CHANGES += [("embedded", name, function) for name, function in (
    ("letterbox", lambda m, r, o: bars(m, False)), ("pillarbox", lambda m, r, o: bars(m, True)),
    ("sheet60", lambda m, r, o: sheet(m, r, 0.6)), ("sheet35", lambda m, r, o: sheet(m, r, 0.35)),
    ("collage2x2", lambda m, r, o: collage(m, r, o, 2)), ("collage3x3", lambda m, r, o: collage(m, r, o, 3)),
    ("desktop", lambda m, r, o: desktop(m, r)))]
CHANGES += [("combined", name, function) for name, function in (
    ("photo_screen", lambda m, r, o: photo_screen(m, r)), ("phone_sheet", lambda m, r, o: phone_sheet(m, r)),
    ("web_repost", lambda m, r, o: web_repost(m, r)))]
OF_COLOUR = [("colour-line", "to_cleanup", lambda m, r, o: clean_up(m)), ("colour-line", "to_pencil", lambda m, r, o: pencil(m, r))]
OF_LINE = [("colour-line", "line_coloured", lambda m, r, o: colour_line(m, r))]
BUCKETS = {name: bucket for bucket, name, _ in CHANGES + OF_COLOUR + OF_LINE}
BUCKETS["colour_of_line"] = "colour-line"
