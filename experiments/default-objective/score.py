"""split IN OUT SEED: a seeded fifth of the rows held out.
score DIR SET...: balanced accuracy of a ridge classifier that is trained on each selection's vectors and tested on the
held-out ones."""
import os
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


def chart(table, sets, methods):
    """Balanced accuracy by budget, one panel a data set, beside this script."""
    color = {"random": "#9a6a2f", "graph-cut": "#0b6e4f", "facility-location": "#3d5a98"}
    budgets = ("1%", "5%", "10%")
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 260" font-family="sans-serif" font-size="12" '
           'fill="#333">',
           '<rect width="720" height="260" fill="#fff"/>']
    for panel, name in enumerate(sets):
        values = [table[name, k, m] for k in budgets for m in methods]
        low, high = min(values) - 0.01, max(values) + 0.01
        left = 50 + 350 * panel
        place = lambda i, v: (left + 20 + 110 * i, 210 - 160 * (v - low) / (high - low))
        out.append(f'<text x="{left}" y="24" font-weight="bold">{name}: balanced accuracy by budget</text>')
        for v in np.linspace(low + 0.01, high - 0.01, 3):
            y = place(0, v)[1]
            out.append(f'<path d="M{left} {y:.1f}h270" stroke="#ddd"/>'
                       f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{v:.3f}</text>')
        for i, k in enumerate(budgets):
            out.append(f'<text x="{place(i, low)[0]}" y="232" text-anchor="middle">{k}</text>')
        for m in methods:
            points = [place(i, table[name, k, m]) for i, k in enumerate(budgets)]
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            dash = ' stroke-dasharray="5 4"' if m == "random" else ""
            out.append(f'<path d="M{path}" fill="none" stroke="{color[m]}" stroke-width="2"{dash}/>')
            out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color[m]}"/>' for x, y in points]
    for i, m in enumerate(methods):
        out.append(f'<rect x="{50 + 150 * i}" y="246" width="12" height="3" fill="{color[m]}"/>'
                   f'<text x="{68 + 150 * i}" y="251">{m}</text>')
    out.append("</svg>")
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "chart.svg"), "w", encoding="utf-8") as f:
        f.write("\n".join(out) + "\n")


def score(folder, sets):
    from sklearn.linear_model import RidgeClassifier
    from sklearn.metrics import balanced_accuracy_score

    methods = ("random", "graph-cut", "facility-location")
    print(f"{'data':10s} {'budget':>6s}" + "".join(f"{m:>20s}" for m in methods))
    total, table = {m: [] for m in methods}, {}
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
                table[name, k, method] = np.mean(cells[method])
            print(f"{name:10s} {k:>6s}" + "".join(f"{np.mean(c):13.3f} +-{np.std(c, ddof=1):.3f}"
                                                  for c in cells.values()), flush=True)
    chart(table, sets, methods)
    print(f"{'mean':17s}" + "".join(f"{np.mean(t):13.3f}       " for t in total.values()))


if sys.argv[1] == "split":
    split(*sys.argv[2:5])
else:
    score(sys.argv[2], sys.argv[3:])
