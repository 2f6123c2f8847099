# Are texts of a class neighbours in the space of LSA? Both editions, on the glosses.
# python: numpy h5py scikit-learn
"""usage: bench/run lsa_quality [FILE.jsonl] [--rows 20000] [--seed 0] [--text-field text] [--sample N...]

FILE (default: WordNet's glosses, as tools/wordnet-jsonl prints them) has a text and a label a line. Of a seeded shuffle
the first --rows are embedded by the first edition (words, 128 dimensions), the default, and the default learned from
--sample rows. Figures: of the 10 nearest others by cosine, the share with the row's own label; and the share that
ridge regression (alpha 1, a class against the rest) names rightly, learned on a random half, on the other half."""
import argparse
import json
import os
import random
import subprocess
import tempfile

import h5py
import numpy as np
from sklearn.linear_model import RidgeClassifier

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("file", nargs="?")
parser.add_argument("--rows", type=int, default=20000)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--text-field", default="text")
parser.add_argument("--sample", type=int, nargs="*", default=[10000])
args = parser.parse_args()


def neighbours(x, y, k=10):
    same = 0
    for i in range(0, len(x), 1000):
        cosine = x[i:i + 1000] @ x.T
        cosine[np.arange(len(cosine)), np.arange(i, i + len(cosine))] = -2
        same += (y[np.argpartition(-cosine, k, axis=1)[:, :k]] == y[i:i + 1000, None]).sum()
    return same / len(x) / k


def ridge(x, y, seed=0):
    order, half = np.random.default_rng(seed).permutation(len(x)), len(x) // 2
    model = RidgeClassifier(alpha=1.0).fit(x[order[:half]], y[order[:half]])
    return (model.predict(x[order[half:]]) == y[order[half:]]).mean()


def main():
    top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    winnow = os.path.join(os.environ.get("WINNOW_BENCH_BIN", f"{top}/build/bin"), "winnow")
    if args.file:
        with open(args.file, encoding="utf-8") as f:
            lines = f.read().splitlines()
    else:
        lines = subprocess.run([f"{top}/tools/wordnet-jsonl"], check=True, capture_output=True,
                               encoding="utf-8").stdout.splitlines()
    random.Random(args.seed).shuffle(lines)
    lines = lines[:args.rows]
    y = np.unique([str(json.loads(line)["label"]) for line in lines], return_inverse=True)[1]
    ways = [("words, 128", ["--lsa-features", "words-only", "--dims", "128"]), ("words+chars, 256", [])]
    ways += [(f"words+chars, 256, of {n} rows", ["--lsa-sample", str(n)]) for n in args.sample]
    print(f"{len(lines)} rows, {y.max() + 1} classes\n\n{'LSA':<34}{'neighbours':>12}{'ridge':>8}")
    with tempfile.TemporaryDirectory() as d:
        with open(f"{d}/rows.jsonl", "w", encoding="utf-8") as f:
            f.writelines(line + "\n" for line in lines)
        for name, options in ways:
            subprocess.run([winnow, "embed", f"{d}/rows.jsonl", "--text-field", args.text_field, *options, "-q", "-f",
                            "-o", f"{d}/x.h5ad"], check=True)
            with h5py.File(f"{d}/x.h5ad") as f:
                x = f["X"][:]
            print(f"{name:<34}{neighbours(x, y):>12.4f}{ridge(x, y):>8.4f}", flush=True)


main()
