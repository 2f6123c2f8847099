# LSA of WordNet's glosses: scikit-learn's TfidfVectorizer + TruncatedSVD against winnow, each as a whole process.
# python: numpy scikit-learn
"""usage: bench/run lsa [--texts FILE] [--features words-only|words+chars] [--dims 256] [--threads 2] [--rounds 3]"""
import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("--texts", help="a file of one text a line; default: the glosses of Debian's wordnet-base")
parser.add_argument("--features", choices=["words-only", "words+chars"], default="words+chars")
parser.add_argument("--dims", type=int, default=256)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rounds", type=int, default=3, help="rounds in turn, the best of each side counts")
args = parser.parse_args()

SCIKIT_LEARN = """
import sys
import numpy as np
import scipy.sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
texts, out, dims, features = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
lines = open(texts, encoding="utf8").read().split("\\n")[:-1]
if features == "words-only":
    a = TfidfVectorizer(sublinear_tf=True, min_df=2).fit_transform(lines)
else:
    parts = [{"ngram_range": (1, 2)}, {"ngram_range": (3, 5), "analyzer": "char_wb"}]
    a = scipy.sparse.hstack([TfidfVectorizer(sublinear_tf=True, min_df=2, **p).fit_transform(lines) for p in parts])
y = TruncatedSVD(dims, random_state=0).fit_transform(a)
y /= np.maximum(np.linalg.norm(y, axis=1, keepdims=True), 1e-12)
np.save(out, y.astype(np.float32))
"""


def glosses(path):
    folder = os.environ.get("WORDNET", "/usr/share/wordnet")
    with open(path, "w", encoding="utf8") as out:
        for part in ("noun", "verb", "adj", "adv"):
            try:
                source = open(f"{folder}/data.{part}", encoding="utf8", errors="replace")
            except OSError as e:
                sys.exit(f"bench/lsa: {e}; apt-get install wordnet-base, or give --texts FILE")
            with source:
                out.writelines(line.split(" | ", 1)[1].strip() + "\n" for line in source if not line.startswith("  "))


def run(command, environment):
    """Wall and processor seconds of a process, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, env={**os.environ, **environment}, check=True, capture_output=True, text=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def main():
    threads = str(args.threads)
    limits = {k: threads for k in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    program = os.path.join(os.environ["WINNOW_BENCH_BIN"], "bench_lsa")
    with tempfile.TemporaryDirectory() as d:
        texts = args.texts or f"{d}/texts"
        if not args.texts:
            glosses(texts)
        peer = [sys.executable, "-c", SCIKIT_LEARN, texts, f"{d}/peer.npy", str(args.dims), args.features]
        own = [program, texts, f"{d}/own.npy", str(args.dims), "0", threads, args.features]
        peers, owns = [], []
        for _ in range(args.rounds):
            peers.append(run(peer, limits))
            owns.append(run(own, {}))
    (wall, cpu, _), (own_wall, own_cpu, report) = min(peers), min(owns)
    print(report.strip().splitlines()[-1])
    print(f"\n{'whole process':<34}{'seconds':>9}{'ratio':>8}{'processor':>11}{'ratio':>8}")
    print(f"{'TfidfVectorizer + TruncatedSVD':<34}{wall:>9.2f}{1:>8.1f}{cpu:>11.2f}{1:>8.1f}")
    print(f"{'winnow':<34}{own_wall:>9.2f}{wall / own_wall:>8.1f}{own_cpu:>11.2f}{cpu / own_cpu:>8.1f}")
    for name, seconds in re.findall(r"^(.*?)\s+([0-9.]+) s$", report, re.M):
        print(f"{'  ' + name:<34}{float(seconds):>9.3f}")


main()
