"""split IN OUT: a seeded fifth of the rows held out.  score DIR SET...: balanced accuracy of a ridge classifier that is
trained on each selection's vectors and tested on the held-out ones."""
import glob
import json
import os
import random
import sys

import h5py
import numpy as np


def split(source, out):
    rows = open(source, encoding="utf-8").read().splitlines(keepends=True)
    held = set(random.Random(0).sample(range(len(rows)), len(rows) // 5))
    for part, keep in (("test", lambda i: i in held), ("pool", lambda i: i not in held)):
        with open(f"{out}.{part}.jsonl", "w", encoding="utf-8") as f:
            f.writelines(r for i, r in enumerate(rows) if keep(i))


def vectors(path):
    with h5py.File(path) as h:
        label = h["obs/label"]
        names = np.array([c.decode() if isinstance(c, bytes) else c for c in label["categories"][:]])
        return h["X"][:], names[label["codes"][:]]


def score(folder, sets):
    from sklearn.linear_model import RidgeClassifier
    from sklearn.metrics import balanced_accuracy_score

    print(f"{'data':10s} {'budget':>6s} {'method':18s} {'balanced accuracy':>18s}")
    for name in sets:
        x, y = vectors(f"{folder}/{name}.pool.h5ad")
        xt, yt = vectors(f"{folder}/{name}.test.h5ad")
        for k in ("1%", "5%", "10%"):
            results = {}
            for path in sorted(glob.glob(f"{folder}/{name}.{k}.*")):
                method = os.path.basename(path).split(".", 2)[2].split(":")[0]
                with open(f"{path}/selection.tsv", encoding="utf-8") as f:
                    column = next(f).rstrip("\n").split("\t").index("row")
                    rows = np.array([int(line.split("\t")[column]) for line in f])
                model = RidgeClassifier(alpha=1.0).fit(x[rows], y[rows])
                results.setdefault(method, []).append(balanced_accuracy_score(yt, model.predict(xt)))
            for method, values in results.items():
                spread = f" +- {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
                print(f"{name:10s} {k:>6s} {method:18s} {np.mean(values):11.3f}{spread}", flush=True)


if sys.argv[1] == "split":
    split(*sys.argv[2:4])
else:
    score(sys.argv[2], sys.argv[3:])
