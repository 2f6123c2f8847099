# python: numpy scipy scikit-learn
"""The whole main job, cold processes: winnow run against one Python script. bench/run pipeline [stories|glosses]

The script does what one would write with scikit-learn and numpy: TF-IDF of words, pairs and pieces of characters,
truncated SVD, the rbf matrix (in memory where it fits, else its sums block by block and a row a pick), greedy graph-cut
with the vector update of its gains, and the chosen rows to a file. winnow writes its whole output folder, once without
labels and, of glosses, once by label too.
Both on the same texts, k = 10%, 256 dimensions, gamma auto, lambda = n/k - 2. Bar: winnow at least 8 times faster.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

BAR = 8
REPEATS = {"stories": 7, "glosses": 1}
FIELDS = [f"InputSentence{i}" for i in range(1, 5)]
FILES = ["cloze_test_val__spring2016.csv", "cloze_test_test__spring2016.csv"]

PEER = r"""
import csv, json, sys
import numpy as np
import scipy.sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize
fields, files, out = sys.argv[1].split(","), sys.argv[2:-1], sys.argv[-1]
texts, rows = [], []
for name in files:
    with open(name, encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f) if name.endswith(".csv") else map(json.loads, f):
            rows.append(row)
            texts.append(" ".join(row[c] for c in fields))
parts = [{"ngram_range": (1, 2)}, {"ngram_range": (3, 5), "analyzer": "char_wb"}]
X = scipy.sparse.hstack([TfidfVectorizer(sublinear_tf=True, min_df=2, **p).fit_transform(texts) for p in parts])
X = normalize(TruncatedSVD(256, random_state=1).fit_transform(X)).astype(np.float32)
n = len(X)
k = round(n / 10)
rng = np.random.default_rng(1)
a, b = rng.integers(0, n, 10000), rng.integers(0, n, 10000)
gamma = 7.5 / np.median(1 - np.einsum("ij,ij->i", X[a], X[b]))
def similar(x):
    return np.exp(gamma * (x @ X.T - 1))
if n <= 20000:
    W = similar(X)
    sums = W.sum(1, dtype=np.float64)
else:
    W, sums = None, np.concatenate([similar(X[i:i + 1024]).sum(1, dtype=np.float64) for i in range(0, n, 1024)])
gain = sums - 1
weight = n / k
chosen = []
for _ in range(k):
    i = int(gain.argmax())
    chosen.append(i)
    gain -= weight * (similar(X[i]) if W is None else W[i])
    gain[i] = -np.inf
with open(out, "w", encoding="utf-8", newline="") as f:
    w = csv.DictWriter(f, rows[0].keys())
    w.writeheader()
    w.writerows(rows[i] for i in chosen)
"""


def timed(command):
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin


def inputs(which, folder):
    """Files and fields of the texts, or None where they are missing."""
    if which == "glosses":
        path = os.path.join(folder, "glosses.jsonl")
        with open(path, "w", encoding="utf-8") as f:
            if subprocess.run(["tools/wordnet-jsonl"], check=False, stdout=f).returncode != 0:
                print("skipped: tools/wordnet-jsonl found no wordnet-base")
                return None, None
        return [path], ["text"]
    data = os.environ.get("WINNOW_DATA", "../shared/data")
    files = [os.path.join(data, "story_cloze", name) for name in FILES]
    if not all(map(os.path.exists, files)):
        print(f"skipped: {files[0]} is not there (WINNOW_DATA names the folder of data)")
        return None, None
    return files, FIELDS


def line(name, seconds):
    print(f"{name:40}{min(seconds):9.3f}{statistics.median(seconds):9.3f}{len(seconds):6}")


def main():
    which = sys.argv[1] if len(sys.argv) > 1 else "stories"
    if which not in REPEATS:
        sys.exit(f"bench/pipeline: there are {', '.join(REPEATS)}, but no {which}")
    winnow = os.path.join(os.environ.get("WINNOW_BENCH_BIN", "build/bin"), "winnow")
    with tempfile.TemporaryDirectory() as folder:
        files, fields = inputs(which, folder)
        if not files:
            return 0
        out, peer = os.path.join(folder, "out"), os.path.join(folder, "peer.py")
        with open(peer, "w", encoding="utf-8") as f:
            f.write(PEER)
        named = [a for name in fields for a in ("--text-field", name)]
        run = [winnow, "run", *files, *named, "-k", "10%", "-f", "-o", out]
        ours, labelled, theirs = [], [], []
        for _ in range(REPEATS[which]):
            ours.append(timed(run))
            if which == "glosses":
                labelled.append(timed([*run, "--label-field", "label"]))
            theirs.append(timed([sys.executable, peer, ",".join(fields), *files, os.path.join(folder, "subset")]))
        ratio = min(theirs) / min(ours)
        print(f"{'whole process, seconds':40}{'min':>9}{'median':>9}{'runs':>6}")
        line("winnow run (with report and h5ad)", ours)
        if labelled:
            line("the same by label", labelled)
        line("scikit-learn + numpy (subset only)", theirs)
        print(f"{'ratio of the minima':40}{ratio:9.1f}   (bar: {BAR})")
    return 0 if ratio >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
