"""Vectors by a static table on one core, against model2vec: tokens/s, what of it is tokenizing, and equal vectors.
Needs all-MiniLM-L6-v2 (tools/get-minilm), of which winnow distill makes the table.

usage: bench/run static [--data ../shared/data] [--rounds 3] [--quick]"""
# python: model2vec h5py
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

for name in ("TOKENIZERS_PARALLELISM", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = "false" if name.startswith("TOK") else "1"
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import h5py  # noqa: E402
import numpy as np  # noqa: E402
import texts as sets  # noqa: E402
from model2vec import StaticModel  # noqa: E402

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("--data", default=os.environ.get("WINNOW_DATA", "../shared/data"))
parser.add_argument("--rounds", type=int, default=3, help="rounds in turn, the best of each side counts")
parser.add_argument("--quick", action="store_true", help="a few texts only")
parser.add_argument("--model", default="all-MiniLM-L6-v2")
args = parser.parse_args()
bin = os.environ["WINNOW_BENCH_BIN"]


def unit(x):
    norm = np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True)
    return x / np.where(norm == 0, 1, norm)


def difference(model, table, texts, folder):
    rows, out = os.path.join(folder, "rows.jsonl"), os.path.join(folder, "rows.h5ad")
    with open(rows, "w", encoding="utf-8") as f:
        f.writelines(json.dumps({"text": t}) + "\n" for t in texts)
    subprocess.run([os.path.join(bin, "winnow"), "embed", rows, "--model", table, "-q", "-f", "-o", out], check=True)
    with h5py.File(out) as f:
        return np.abs(f["X"][:] - unit(model.encode(texts))).max()


def main():
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        table = os.path.join(folder, "table")
        subprocess.run([os.path.join(bin, "winnow"), "distill", "--model", args.model, "-q", "-o", table], check=True)
        model = StaticModel.from_pretrained(table)
        print(f"{'texts':10} {'tokens':>8} {'model2vec M/s':>14} {'winnow M/s':>11} {'ratio':>6} {'tokenizing':>11}  "
              "largest difference")
        for name, texts in sets.load(args.data, args.quick).items():
            path, theirs, mine = os.path.join(folder, "texts"), 1e30, 1e30
            with open(path, "w", encoding="utf-8", newline="\n") as f:
                f.writelines(t + "\n" for t in texts)
            for _ in range(args.rounds):
                start = time.process_time()
                model.encode(texts, use_multiprocessing=False)
                theirs = min(theirs, time.process_time() - start)
                out = subprocess.run([os.path.join(bin, "bench_static_rate"), table, path, "1"], check=True,
                                     stdout=subprocess.PIPE, text=True).stdout.split()
                if float(out[3]) < mine:
                    tokens, mine, share = int(out[1]), float(out[3]), float(out[5])
            worst = difference(model, table, texts, folder)
            failed |= worst > 2e-6
            print(f"{name:10} {tokens:8} {tokens / theirs / 1e6:14.2f} {tokens / mine / 1e6:11.2f} "
                  f"{theirs / mine:6.1f} {share / mine:11.0%}  {worst:.1e}")
    sys.exit(bool(failed))


main()
