#!/usr/bin/python3
"""clip.py BUILD_DIR WORK_DIR - what runs of near-identical frames save.

Renders a clip of drawn shots (a hold, a blink, a slow pan, a talking character, a walk, a
zoom), registers its frames with the real programs, reads from /metrics how many frames
another one stands for, then asks for crops of frames that have no descriptors of their own
in the search: is the run found, and how far is the frame that is named? Prints one JSON line.
"""
import json
import pathlib
import random
import re
import subprocess
import sys
import urllib.request

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 1280, 720
FRAMES = 48  # of a shot


def background(seed):
    """A wide landscape: the camera sees a part of it."""
    rng = random.Random(seed)
    image = Image.new("RGB", (WIDTH * 2, HEIGHT * 2), (rng.randrange(120, 220), 200, 230))
    draw = ImageDraw.Draw(image)
    for _ in range(60):
        x, y = rng.randrange(WIDTH * 2), rng.randrange(HEIGHT * 2)
        size = rng.randrange(40, 260)
        colour = tuple(rng.randrange(40, 240) for _ in range(3))
        shape = rng.choice((draw.ellipse, draw.rectangle))
        shape((x, y, x + size, y + size * rng.uniform(0.4, 1.4)), fill=colour, outline=(20, 20, 20), width=4)
    for _ in range(90):
        x, y = rng.randrange(WIDTH * 2), rng.randrange(HEIGHT * 2)
        points = [(x + rng.randrange(-90, 90), y + rng.randrange(-90, 90)) for _ in range(4)]
        draw.line(points, fill=(30, 30, 30), width=rng.randrange(2, 6))
    return image


def character(draw, x, y, mouth, eyes_open, step):
    """A figure of 300 px: what moves in a shot."""
    ink = (15, 15, 15)
    draw.rectangle((x - 60, y + 90, x + 60, y + 260), fill=(200, 60, 50), outline=ink, width=5)
    for side in (-1, 1):
        draw.line((x + side * 60, y + 110, x + side * (120 + step), y + 200 - step), fill=ink, width=9)
        draw.line((x + side * 30, y + 260, x + side * (40 + step), y + 350), fill=ink, width=10)
    draw.ellipse((x - 80, y - 80, x + 80, y + 80), fill=(245, 210, 170), outline=ink, width=5)
    for side in (-1, 1):
        if eyes_open:
            draw.ellipse((x + side * 30 - 12, y - 34, x + side * 30 + 12, y - 4), fill=ink)
        else:
            draw.line((x + side * 30 - 14, y - 18, x + side * 30 + 14, y - 18), fill=ink, width=5)
    draw.ellipse((x - 26, y + 22, x + 26, y + 28 + mouth), fill=(120, 20, 30), outline=ink, width=4)


def view(wide, left, top, zoom=1.0):
    width, height = WIDTH / zoom, HEIGHT / zoom
    return wide.resize((WIDTH, HEIGHT), Image.BILINEAR, (left, top, left + width, top + height))


def shots():
    """(name, number, picture) of every frame; drawn on twos as animation is."""
    for seed, name in enumerate(("hold", "blink", "pan", "talk", "walk", "zoom")):
        wide = background(seed)
        for i in range(FRAMES):
            two = i // 2
            scene = wide.copy()
            x = 700 + two * 26 if name == "walk" else 1040
            character(ImageDraw.Draw(scene), x, 560,
                      mouth=(0, 14, 30, 8)[two % 4] if name == "talk" else 6,
                      eyes_open=not (name == "blink" and two in (8, 16)),
                      step=(0, 30, 60, 30)[two % 4] if name == "walk" else 10)
            left = 400 + (i * 3 if name == "pan" else 0)
            yield name, i, view(scene, left, 300, 1 + two / 60 if name == "zoom" else 1.0)


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def metric(text, name):
    return int(re.search(rf"^{name} (\d+)$", text, re.M).group(1))


def main():
    build, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    frames, crops = work / "frames", work / "crops"
    for folder in (frames, crops):
        folder.mkdir(parents=True, exist_ok=True)
    for name, i, picture in shots():
        picture.save(frames / f"{name}-{i:03}.png")
        if i % 12 == 7:  # part of a frame, as somebody who crops a caption away leaves it
            picture.crop((260, 90, 1180, 640)).save(crops / f"{name}-{i:03}.jpg", quality=70)
    data = work / "data"
    key = work / "admin.key"
    key.touch(mode=0o600)
    key.write_text(run(build / "celwatchd", "init", "--data", data))
    server = subprocess.Popen([build / "celwatchd", "--data", data, "--listen", "127.0.0.1:0"],
                              stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().split()[-1]
        to = ("--server", url, "--key-file", key)
        run(build / "celwatch", "register", *to, "--collection", "clip", "--root", frames, frames)
        request = urllib.request.Request(url + "/metrics", headers={"Authorization": "Bearer " + key.read_text().strip()})
        text = urllib.request.urlopen(request).read().decode()
        found, off = 0, {}
        lines = run(build / "celwatch", "match", *to, "--json", crops).splitlines()
        for line in map(json.loads, lines):
            wanted, number = pathlib.Path(line["file"]).stem.rsplit("-", 1)
            shot = [m for m in line["matches"] if m["asset"].startswith(wanted) and m["band"] in ("strong", "possible")]
            if shot:
                found += 1
                named = int(shot[0]["asset"].split("-")[1][:3])
                off.setdefault(wanted, []).append(abs(named - int(number)))
        saved = metric(text, "celwatch_frames_in_runs")
        total = saved + metric(text, "celwatch_runs")
        print(json.dumps({"name": "clip", "frames": total, "keyframes": total - saved,
                          "saved": round(saved / total, 3), "crops": len(lines), "crops_found": found,
                          "frames_off": off}))
    finally:
        server.terminate()
        server.wait()


main()
