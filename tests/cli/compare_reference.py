"""Works out the figures of summary.json again, from results.json alone. Usage: compare_reference.py OUT"""
import json
import sys
from collections import defaultdict

import numpy as np
from scipy import stats

out = sys.argv[1]
cells = json.load(open(f"{out}/results.json"))
summary = json.load(open(f"{out}/summary.json"))
score = defaultdict(dict)
for c in cells:
    score[c["scenario"], c["budget"], c["method"]][c["selection_seed"]] = c
bad = []


def same(what, got, want):
    want = None if want is None or not np.isfinite(want) else want
    if (got is None) != (want is None) or (got is not None and abs(got - want) > 1e-6):
        bad.append(f"{what}: {got}, wanted {want}")


def interval(values):
    n, mean, sd = len(values), np.mean(values), np.std(values, ddof=1)
    half = stats.t.ppf(.975, n - 1) * sd / np.sqrt(n)
    return mean, sd, mean - half, mean + half


def column(scenario, budget, method, name):
    rows = score[scenario, budget, method]
    return np.array([rows[s][name] for s in sorted(rows)])


def holm(p):
    order, out, most = np.argsort(p, kind="stable"), np.empty(len(p)), 0
    for i, at in enumerate(order):
        most = max(most, min(1, p[at] * (len(p) - i)))
        out[at] = most
    return out


families = defaultdict(list)
for s in summary["standings"]:
    key = s["scenario"], s["budget"], s["method"]
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "log_loss"):
        for part, want in zip(("mean", "sd", "low", "high"), interval(column(*key, name))):
            same(f"{key} {name} {part}", s[name][part], want)
    for baseline, d in s["against"].items():
        other = s["scenario"], s["budget"], baseline
        a, b = column(*key, "accuracy"), column(*other, "accuracy")
        for part, want in zip(("mean", "sd", "low", "high"), interval(a - b)):
            same(f"{key} against {baseline} {part}", d["difference"][part], want)
        p = stats.ttest_rel(a, b).pvalue if np.ptp(a - b) > 1e-12 else float(np.allclose(a, b))
        same(f"{key} against {baseline} p", d["p"], p)
        if (d["wins"], d["ties"], d["losses"]) != (sum(a > b), sum(a == b), sum(a < b)):
            bad.append(f"{key} against {baseline}: wins")
        families[s["scenario"], s["budget"], baseline, s["baseline"]].append((s, d, p))
    full = column(s["scenario"], "all", "full", "accuracy").mean()
    base = score.get((s["scenario"], s["budget"], "dedup+random"))
    if base and s["budget"] != "all":
        low = np.mean([c["accuracy"] for c in base.values()])
        same(f"{key} gap", s["gap_closed"], (s["accuracy"]["mean"] - low) / (full - low) if full > low else None)
for members in families.values():
    for (s, d, _), p in zip(members, holm([m[2] for m in members])):
        same(f"{s['method']} holm", d["p_holm"], p)
        over = d["over_test_rows"]
        want = "no difference shown"
        if p <= .05 and over["low"] > 0:
            want = "better"
        if p <= .05 and over["high"] < 0:
            want = "worse"
        if d["verdict"] != want:
            bad.append(f"{s['method']} {s['budget']}: {d['verdict']}, wanted {want}")
print("\n".join(bad[:10]))
sys.exit(len(bad) > 0)
