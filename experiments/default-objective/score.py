"""split IN OUT SEED: a seeded fifth of the rows held out.  score DIR SET...: balanced accuracy of a ridge classifier that is
trained on each selection's vectors and tested on the held-out ones."""
import random
import sys

import h5py
import numpy as np


def split(source, out, seed):
    rows = open(source, encoding="utf-8").read().splitlines(keepends=True)
    held = set(random.Random(int(seed)).sample(range(len(rows)), len(rows) // 5))
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

    methods = ("random", "graph-cut", "facility-location")
    print(f"{'data':10s} {'budget':>6s}" + "".join(f"{m:>20s}" for m in methods))
    total = {m: [] for m in methods}
    for name in sets:
        for k in ("1%", "5%", "10%"):
            cells = {m: [] for m in methods}
            for seed in range(3):
                x, y = vectors(f"{folder}/{name}.{seed}.pool.h5ad")
                xt, yt = vectors(f"{folder}/{name}.{seed}.test.h5ad")
                for method in methods:
                    with open(f"{folder}/{name}.{seed}.{k}.{method}/selection.tsv", encoding="utf-8") as f:
                        column = next(f).rstrip("\n").split("\t").index("row")
                        rows = np.array([int(line.split("\t")[column]) for line in f])
                    model = RidgeClassifier(alpha=1.0).fit(x[rows], y[rows])
                    cells[method].append(balanced_accuracy_score(yt, model.predict(xt)))
            for method in methods:
                total[method].append(np.mean(cells[method]))
            print(f"{name:10s} {k:>6s}" + "".join(f"{np.mean(c):13.3f} +-{np.std(c, ddof=1):.3f}" for c in cells.values()), flush=True)
    print(f"{'mean':17s}" + "".join(f"{np.mean(t):13.3f}       " for t in total.values()))


if sys.argv[1] == "split":
    split(*sys.argv[2:5])
else:
    score(sys.argv[2], sys.argv[3:])
