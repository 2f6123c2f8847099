# Near-duplicate removal: beside the row sums of the same matrix, and beside SemHash from the same vectors.
# python: numpy h5py semhash
"""usage: bench/run near [--rows 1000000] [--columns 64] [--threshold 0.95] [--rounds 2] [--file VECTORS] [--no-semhash]

VECTORS: a matrix file, as of the 117,659 glosses of WordNet; without it they are embedded here where Debian's
wordnet-base is installed: tools/wordnet-jsonl > w.jsonl; winnow embed w.jsonl -o w.h5ad. The made rows are those of
bench/near.c: copies, equal, star. Bytes are what winnow takes beyond the matrix. SemHash builds its index and asks it
for everything above the threshold (ann: its default; exact: its `basic` backend, up to 30,000 rows); both sides start
from vectors in memory, with the same threads."""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("--rows", type=int, default=1_000_000)
parser.add_argument("--columns", type=int, default=64)
parser.add_argument("--threshold", type=float, default=0.95)
parser.add_argument("--rounds", type=int, default=2)
parser.add_argument("--file")
parser.add_argument("--no-semhash", action="store_true")
parser.add_argument("--inner", nargs=3, help=argparse.SUPPRESS)
args = parser.parse_args()
BIN = os.environ["WINNOW_BENCH_BIN"]


def glosses(folder):
    """The matrix file of WordNet's glosses, or None."""
    out = os.path.join(folder, "w.h5ad")
    with open(os.path.join(folder, "w.jsonl"), "wb") as f:
        if subprocess.run(["tools/wordnet-jsonl"], stdout=f, stderr=subprocess.DEVNULL).returncode:
            return None
    subprocess.run([os.path.join(BIN, "winnow"), "embed", f.name, "-q", "-o", out], check=True)
    return out


def winnow(*words):
    return json.loads(subprocess.run([os.path.join(BIN, "bench_near"), *map(str, words)], check=True,
                                     stdout=subprocess.PIPE).stdout)


def semhash(path, columns, backend):
    """Seconds and rows dropped."""
    import numpy as np
    from semhash import SemHash

    x = np.fromfile(path, np.float32).reshape(-1, columns)
    start = time.perf_counter()
    hashes = SemHash.from_embeddings(x, [str(i) for i in range(len(x))], model=None, ann_backend=backend)
    kept = len(hashes.self_deduplicate(args.threshold).selected)
    return time.perf_counter() - start, len(x) - kept


def peer(path, columns, backend):
    """In a process of its own, so that what it takes is gone again."""
    inner = [sys.executable, __file__, "--threshold", str(args.threshold), "--inner", path, str(columns), backend]
    done = subprocess.run(inner, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        return None, (done.stderr.strip().split("\n") or [""])[-1][:80]
    return json.loads(done.stdout)


def bare(path, out):
    """The rows of a matrix file as bare unit floats."""
    import h5py
    import numpy as np

    with h5py.File(path) as f:
        x = np.asarray(f["X"], np.float32)
    norm = np.linalg.norm(x, axis=1, keepdims=True)
    (x / np.where(norm > 0, norm, 1)).astype(np.float32).tofile(out)


def row(name, got, path):
    print(f"| {name} | {got['rows']} x {got['columns']} | winnow | {got['near']:.2f} | {got['dropped']} | "
          f"{got['near'] / got['sums']:.2f} | {got['beyond'] / 1e6:.1f} |", flush=True)
    if args.no_semhash:
        return
    for label, backend in (("ann", "usearch"), ("exact", "basic")):
        if backend == "basic" and got["rows"] > 30000:
            continue
        seconds, dropped = peer(path, got["columns"], backend)
        if seconds is None:
            print(f"| | | SemHash, {label} | | {dropped} | | |")
        else:
            print(f"| | | SemHash, {label} | {seconds:.2f} | {dropped} | {seconds / got['sums']:.2f} | |", flush=True)


def main():
    print("| rows | shape | who | seconds | dropped | seconds / row sums | MB beyond the matrix |\n"
          "|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path, floats = args.file or glosses(folder), os.path.join(folder, "rows.f32")
        if path:
            got = winnow(path, args.threshold, args.rounds)
            if not args.no_semhash:
                bare(path, floats)
            row("glosses" if not args.file else os.path.basename(path), got, floats)
        else:
            print("| glosses | wordnet-base is not installed | | | | | |")
        for kind in ("copies", "equal", "star"):
            row(kind, winnow(args.rows, args.columns, args.threshold, args.rounds, kind, floats), floats)


if args.inner:
    print(json.dumps(semhash(args.inner[0], int(args.inner[1]), args.inner[2])))
else:
    main()
