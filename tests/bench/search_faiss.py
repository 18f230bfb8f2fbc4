#!/usr/bin/python3
"""What FAISS's fastest exact index for radius 31 does with the codes and queries of a bench_search
run, on one thread: IndexBinaryMultiHash, 16 bands of 16 bits, one flipped bit.

    search_faiss.py CODES QUERIES RADIUS    prints queries per second and the number of hits
"""
import sys
import time

import faiss
import numpy as np


def main():
    codes, queries = (np.fromfile(path, dtype=np.uint8).reshape(-1, 32) for path in sys.argv[1:3])
    radius = int(sys.argv[3])
    faiss.omp_set_num_threads(1)
    index = faiss.IndexBinaryMultiHash(256, 16, 16)
    index.nflip = 1
    index.add(codes)
    start = time.perf_counter()
    # Its radius is exclusive.
    limits, _, _ = index.range_search(queries, radius + 1)
    print(f"{len(queries) / (time.perf_counter() - start):.1f} {limits[-1]}")


main()
