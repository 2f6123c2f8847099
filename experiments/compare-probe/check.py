"""Works out a comparison again with scikit-learn and scipy. Usage: check.py SET ENCODER SEEDS, beside their files

Intervals, p and Holm's p of summary.json, from results.json: to 1e-6. Accuracies of the first SEEDS seeds: multinomial
logistic regression on the exported rows and labels, c by three folds of its own over half powers of ten, from the rows
that dedup+random has. The folds are other ones, so c may be a neighbour and a single cell a little off; the mean over
methods may not."""
import json
import sys
import warnings
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor

import h5py
import numpy as np
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

warnings.filterwarnings("ignore")


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def vectors(path):
    with h5py.File(path) as h:
        label = h["obs/label"]
        names = np.array([c.decode() if isinstance(c, bytes) else c for c in label["categories"][:]])
        return h["X"][:].astype(np.float64), names[label["codes"][:]]


def held_out_loss(x, y, c, fold, classes):
    total = 0.0
    for k in range(3):
        if not (fold == k).any() or len(set(y[fold != k])) < 2:
            continue
        model = LogisticRegression(C=c, max_iter=2000, tol=1e-3).fit(x[fold != k], y[fold != k])
        p = np.full(((fold == k).sum(), len(classes)), 1e-12)
        p[:, np.searchsorted(classes, model.classes_)] = model.predict_proba(x[fold == k])
        total += log_loss(y[fold == k], p / p.sum(1, keepdims=True), labels=classes) * (fold == k).sum()
    return total


def choose_c(x, y):
    """Up or down from 10 while the loss on held-out rows falls."""
    classes, fold = np.unique(y), np.empty(len(y), int)
    rng, dealt = np.random.default_rng(0), 0
    for c in classes:
        rows = rng.permutation(np.flatnonzero(y == c))
        fold[rows] = 3  # a class of one row is always learnt from
        if len(rows) > 1:
            fold[rows] = (np.arange(len(rows)) + dealt) % 3
            dealt += len(rows)
    loss = {}
    at = lambda step: loss.setdefault(step, held_out_loss(x, y, 10 ** (step / 2), fold, classes))
    step = 2
    way = 1 if at(3) < at(2) else -1
    while at(step + way) < at(step) and abs(step) < 8:
        step += way
    return 10 ** (step / 2)


def tune(cell):
    pool = VECTORS[0][0]
    return place_of(cell), choose_c(pool[cell["rows"]], np.array(cell["labels"]))


def learn(cell, c):
    (pool, _), (test, truth) = VECTORS
    x, y = pool[cell["rows"]], np.array(cell["labels"])
    model = LogisticRegression(C=c, max_iter=5000, tol=1e-5).fit(x, y)
    return key_of(cell), float(np.mean(model.predict(test) == truth))


def place_of(c):
    return c["scenario"], c["budget"], c["selection_seed"]


def key_of(c):
    return c["scenario"], c["budget"], c["method"], c["selection_seed"]


def interval(v):
    half = stats.t.ppf(.975, len(v) - 1) * np.std(v, ddof=1) / np.sqrt(len(v))
    return np.mean(v), np.std(v, ddof=1), np.mean(v) - half, np.mean(v) + half


def holm(p):
    order, out, most = np.argsort(p, kind="stable"), np.empty(len(p)), 0.0
    for i, at in enumerate(order):
        most = out[at] = max(most, min(1.0, p[at] * (len(p) - i)))
    return out


def intervals(results, summary):
    """The largest difference of any mean, sd, end of an interval, p and Holm's p, and how many were compared."""
    score = defaultdict(dict)
    for c in results:
        score[key_of(c)[:3]][c["selection_seed"]] = c
    worst, count, families = 0.0, 0, defaultdict(list)

    def same(got, want):
        nonlocal worst, count
        worst, count = max(worst, abs(got - want)), count + 1

    def column(key, name):
        return np.array([score[key][s][name] for s in sorted(score[key])])

    for s in summary["standings"]:
        key = s["scenario"], s["budget"], s["method"]
        for name in ("accuracy", "balanced_accuracy", "macro_f1", "log_loss"):
            for part, want in zip(("mean", "sd", "low", "high"), interval(column(key, name))):
                same(s[name][part], want)
        for baseline, d in s["against"].items():
            diff = column(key, "accuracy") - column((*key[:2], baseline), "accuracy")
            for part, want in zip(("mean", "sd", "low", "high"), interval(diff)):
                same(d["difference"][part], want)
            p = stats.ttest_1samp(diff, 0).pvalue if np.ptp(diff) > 1e-12 else float(np.allclose(diff, 0))
            same(d["p"], p)
            families[key[:2] + (baseline, s["baseline"])].append((d["p_holm"], p))
    for members in families.values():
        for got, want in zip((m[0] for m in members), holm([m[1] for m in members])):
            same(got, want)
    return worst, count


def main():
    results, summary = load(f"{BASE}/results.json"), load(f"{BASE}/summary.json")
    worst, count = intervals(results, summary)
    print(f"{BASE}: {count} means, intervals and p: largest difference {worst:.1e}")
    with open(f"{BASE}/subsets.jsonl", encoding="utf-8") as f:
        cells = [c for c in map(json.loads, f) if c["selection_seed"] <= SEEDS and c["method"] != "full"]
    if worst > 1e-6:
        sys.exit("check.py: not the same intervals")
    if not cells:
        return
    ours = {key_of(c): c["accuracy"] for c in results}
    with ProcessPoolExecutor(2) as workers:
        c = dict(workers.map(tune, [c for c in cells if c["method"] == "dedup+random"]))
        theirs = dict(workers.map(learn, cells, [c[place_of(cell)] for cell in cells]))
    off = {k: 100 * (ours[k] - v) for k, v in theirs.items()}
    for scenario in dict.fromkeys(k[0] for k in off):
        for budget in dict.fromkeys(k[1] for k in off):
            some = [v for k, v in off.items() if k[:2] == (scenario, budget)]
            print(f"  {scenario:26s} {budget:>4s}: {len(some)} cells, ours - theirs in points: "
                  f"mean {np.mean(some):+.2f}, least {min(some):+.2f}, most {max(some):+.2f}")
    every = np.array(list(off.values()))
    print(f"  all: mean {every.mean():+.3f}, mean size {np.abs(every).mean():.3f}, within .5: "
          f"{100 * np.mean(np.abs(every) <= .5):.0f}%")
    if abs(every.mean()) > .5:
        sys.exit("check.py: not the same accuracies")


BASE, SEEDS = f"{sys.argv[1]}.{sys.argv[2]}", int(sys.argv[3])
VECTORS = [vectors(f"{BASE}.{part}.h5ad") for part in ("pool", "test")]
main()
