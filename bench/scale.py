# python: numpy
"""usage: bench/run scale [--rows 1000000] [--columns 384] [-k 10000] [--memory 1G] [--only paper,cosine,rbf]
[--keep FOLDER]

One selection each on vectors in a file that is larger than --memory: graph-cut over cosine, exact, on vectors with the
common direction of mean-pooled BERT, with the paper's lambda of 10 (paper) and with the one that suits k (cosine); and
the default (graph-cut over rbf on 64 components) in 16 partitions on vectors in clusters (rbf). Prints seconds of every
stage, passes, and the peak of the process beside what --memory allows.

The vectors: 2,000 centres of a normal distribution whose 384 variances fall as 1 / (1 + i / 8); centre c has a share of
the rows that falls as 1 / sqrt(1 + c); a row is its centre and .6 of a normal vector of the same variances, to length
1. Common direction: sqrt(1 - s) u + sqrt(s) v of such a row v and one unit vector u across it, where s is such that the
median of 1 - cos over 20,000 random pairs is .115, which is measured again on the file."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

BLOCK = 20000


def rows_in_clusters(n, d, seed):
    """Blocks of unit rows in clusters, the same for the same n, d and seed."""
    rng = np.random.default_rng(seed)
    spread = np.sqrt(1 / (1 + np.arange(d) / 8)).astype(np.float32)
    centres = rng.standard_normal((2000, d), dtype=np.float32) * spread
    share = 1 / np.sqrt(1 + np.arange(2000))
    share /= share.sum()
    for begin in range(0, n, BLOCK):
        m = min(BLOCK, n - begin)
        x = centres[rng.choice(2000, m, p=share)]
        x += .6 * spread * rng.standard_normal((m, d), dtype=np.float32)
        yield x / np.linalg.norm(x, axis=1, keepdims=True)


def median_distance(x, seed=1, pairs=20000):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, len(x), (2, pairs))
    a, b = a[a != b], b[a != b]
    return float(np.median(1 - np.einsum("ij,ij->i", np.asarray(x[a], np.float64), np.asarray(x[b], np.float64))))


def write_vectors(path, n, d, common):
    """Returns the median of 1 - cos of random pairs of the file."""
    out = np.lib.format.open_memmap(path, mode="w+", dtype="<f4", shape=(n, d))
    s = u = None
    at = 0
    for x in rows_in_clusters(n, d, 7):
        if common:
            if u is None: # across: the part of every row along u is taken out
                u = np.random.default_rng(8).standard_normal(d).astype(np.float32)
                u /= np.linalg.norm(u)
            x -= np.outer(x @ u, u)
            x /= np.linalg.norm(x, axis=1, keepdims=True)
            s = s or .115 / median_distance(x)
            x = np.sqrt(1 - s) * u + np.sqrt(s) * x
        out[at:at + len(x)] = x
        at += len(x)
    out.flush()
    return median_distance(out)


def select(winnow, vectors, options, folder, threads):
    """Runs the command; returns its summary, peak in MiB, seconds and manifest."""
    out = os.path.join(folder, "out")
    command = [winnow, "select", vectors, *options, "-o", out, "-f", "--threads", str(threads)]
    started = time.monotonic()
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    said = child.stderr.read()
    child.wait()
    seconds = time.monotonic() - started
    print("command   winnow " + " ".join(command[1:]))
    if child.returncode:
        sys.exit(f"exit code {child.returncode}: {said}")
    with open(os.path.join(out, "manifest.json"), encoding="utf-8") as f:
        manifest = json.load(f)
    shutil.rmtree(out)
    return said, manifest["this_run"]["peak_memory_bytes"] / 2**20, seconds, manifest


def report(said, peak, seconds, manifest):
    for line in said.splitlines():
        print("          " + line)
    stages = manifest["this_run"]["seconds"]
    print("stages    " + ", ".join(f"{k} {v:.1f} s" for k, v in stages.items() if isinstance(v, (int, float))))
    print(f"total     {seconds:.1f} s, peak {peak:.0f} MiB\n", flush=True)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--rows", type=int, default=1000000)
    parser.add_argument("--columns", type=int, default=384)
    parser.add_argument("-k", default="10000")
    parser.add_argument("--memory", default="1G")
    parser.add_argument("--only", default="paper,cosine,rbf")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep", help="where the vectors stay, and are found again")
    args = parser.parse_args()
    winnow = os.path.join(os.environ["WINNOW_BENCH_BIN"], "winnow")
    folder = tempfile.mkdtemp(prefix="winnow-scale-")
    jobs = {"paper": (True, ["--similarity", "cosine", "--lambda", "10"]), "cosine": (True, ["--similarity", "cosine"]),
            "rbf": (False, ["--partitions", "16"])}
    try:
        for name in args.only.split(","):
            common, options = jobs[name]
            kind = "common" if common else "clusters"
            vectors = os.path.join(args.keep or folder, f"{kind}-{args.rows}x{args.columns}.npy")
            if os.path.exists(vectors):
                median = median_distance(np.load(vectors, mmap_mode="r"))
            else:
                median = write_vectors(vectors, args.rows, args.columns, common)
            print(f"vectors   {args.rows} x {args.columns}, {kind}, {os.path.getsize(vectors) / 1e9:.2f} GB, "
                  f"median 1 - cos {median:.4f}")
            options = [*options, "-k", args.k, "--memory", args.memory]
            report(*select(winnow, vectors, options, folder, args.threads))
    finally:
        shutil.rmtree(folder)


main()
