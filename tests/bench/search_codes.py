#!/usr/bin/python3
"""Codes for bench_search: 32 bytes each, the same for the same seed.

    search_codes.py uniform SEED COUNT FILE
    search_codes.py clustered SEED COUNT FILE   what animation holds look like: runs of 20 to 200
                                                codes within 12 bits of their first, an eighth of
                                                the runs with skewed bits
    search_codes.py queries SEED COUNT FILE CODES SHARE
                                                random, but for a SHARE of them, which lie within
                                                31 bits of one of CODES
"""
import sys

import numpy as np

BLOCK = 1 << 20


def uniform(rng, count, out):
    for first in range(0, count, BLOCK):
        out.write(rng.bytes(32 * min(BLOCK, count - first)))


def run_of(rng, length):
    chance = 0.5
    if rng.random() < 1 / 8:
        chance = rng.choice([0.2, 0.8], 256)
    first = np.packbits(rng.random(256) < chance)
    bits = np.zeros((length, 256), dtype=np.uint8)
    flips = rng.integers(0, 256, (length, 12))
    used = np.arange(12) < rng.integers(0, 13, (length, 1))
    rows = np.repeat(np.arange(length), 12)[used.ravel()]
    bits[rows, flips[used]] = 1
    return np.packbits(bits, axis=1) ^ first


def clustered(rng, count, out):
    while count > 0:
        length = min(count, int(rng.integers(20, 201)))
        out.write(run_of(rng, length).tobytes())
        count -= length


def queries(rng, count, out, codes, share):
    source = np.fromfile(codes, dtype=np.uint8).reshape(-1, 32)
    for _ in range(count):
        query = np.frombuffer(rng.bytes(32), dtype=np.uint8)
        if rng.random() < share:
            bits = np.unpackbits(source[rng.integers(0, len(source))])
            bits[rng.choice(256, int(rng.integers(0, 32)), replace=False)] ^= 1
            query = np.packbits(bits)
        out.write(query.tobytes())


def main():
    kind, seed, count, path, *rest = sys.argv[1:]
    rng = np.random.default_rng(int(seed))
    with open(path, "wb") as out:
        if kind == "queries":
            queries(rng, int(count), out, rest[0], float(rest[1]))
        else:
            {"uniform": uniform, "clustered": clustered}[kind](rng, int(count), out)


main()
