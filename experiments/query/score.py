"""queries MATRIX DRAW N BASE: five classes are drawn that have 1.4 N rows together, and N of these rows, whose vectors
go to BASE.query.npy; which classes, and their other rows, go to BASE.target.npz.
score DRAWS LIB: the table, of what `run` has made; chart.svg beside it."""
import sys

import h5py
import numpy as np

METHODS = {"random": "random", "graph-cut": "graph-cut, no queries", "rds": "rds", "tsds": "tsds",
           "half-rds": "half rds, half graph-cut", "half-tsds": "half tsds, half graph-cut"}


def vectors(path):
    with h5py.File(path) as h:
        label = h["obs/label"]
        names = np.array([c.decode() if isinstance(c, bytes) else c for c in label["categories"][:]])
        return h["X"][:], names[label["codes"][:]]


def queries(matrix, draw, n, base):
    x, y = vectors(matrix)
    n, rng = int(n), np.random.default_rng(int(draw))
    names, rows = np.unique(y), []
    while len(rows) < 1.4 * n:
        classes = rng.choice(names, 5, replace=False)
        rows = rng.permutation(np.flatnonzero(np.isin(y, classes)))
    np.savez(f"{base}.target.npz", classes=classes, test=rows[n:])
    np.save(f"{base}.query.npy", x[rows[:n]])


def chosen(folder):
    with open(f"{folder}/selection.tsv", encoding="utf-8") as f:
        column = next(f).rstrip("\n").split("\t").index("row")
        return np.array([int(line.split("\t")[column]) for line in f])


def cell(pool, test, base, encoder, method):
    """Share of the target's classes in the choice, times that of the pool; accuracy on their test rows."""
    from sklearn.linear_model import RidgeClassifier

    target = np.load(f"{base}.target.npz")
    rows = chosen(f"{encoder}.graph-cut" if method == "graph-cut" else f"{base}.{method}")
    classes = target["classes"]
    share, of_pool = np.isin(pool[1][rows], classes).mean(), np.isin(pool[1], classes).mean()
    model = RidgeClassifier(alpha=1.0).fit(pool[0][rows], pool[1][rows])
    return share, share / of_pool, model.score(test[0][target["test"]], test[1][target["test"]])


def score(draws, lib):
    sys.path.insert(0, lib)
    from figures import bars, half_width, table

    lines, panels = [], []
    for encoder in ("lsa", "model"):
        pool, test = vectors(f"{encoder}.pool.h5ad"), vectors(f"{encoder}.test.h5ad")
        cells = {m: np.array([cell(pool, test, f"{encoder}.{d}", encoder, m) for d in range(1, int(draws) + 1)])
                 for m in METHODS}
        for m, name in METHODS.items():
            share, times, accuracy = cells[m].T
            gain = 100 * (accuracy - cells["random"][:, 2])
            above = "" if m == "random" else f"{gain.mean():+.1f} ± {half_width(list(gain)):.1f}"
            lines.append([encoder, name, f"{100 * share.mean():.1f}%", f"{times.mean():.2f}",
                          f"{times.min():.2f} to {times.max():.2f}", f"{100 * accuracy.mean():.1f}", above])
        panels.append((f"{encoder}: accuracy on the target, %",
                       {"": {name: 100 * cells[m][:, 2].mean() for m, name in METHODS.items()}}))
    print(table(["vectors", "choice", "target's share", "times the pool's", "least to most", "accuracy",
                 "above random"], lines))
    bars("chart.svg", panels)


if sys.argv[1] == "queries":
    queries(*sys.argv[2:6])
else:
    score(*sys.argv[2:4])
