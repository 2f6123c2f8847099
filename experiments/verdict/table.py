"""Prints what runs expected beside what comparisons found, as Markdown, and draws chart.svg. Usage, beside the folders:
table.py"""
import glob
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import figures  # noqa: E402

KINDS = {"accuracy": "default", "accuracy_random": "dedup+random", "accuracy_all": "full"}


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return json.load(f)


def percent(v):
    return "" if v is None else f"{100 * v:.1f}"


def verdict_of(folder):
    return read(folder, "manifest.json")["verdict"]


def cells():
    """Set and encoder, budget, the run's verdict, what the comparison found of each method."""
    for summary in sorted(glob.glob("*.lsa/summary.json") + glob.glob("*.model/summary.json")):
        name = os.path.dirname(summary)
        standings = read(name, "summary.json")["standings"]
        for k in sorted({s["budget"] for s in standings if s["budget"] != "all"}, key=lambda b: float(b[:-1])):
            found = {s["method"]: s for s in standings if s["budget"] in (k, "all")}
            yield name, k, verdict_of(f"{name}.run{k[:-1]}"), found


def hit(expected, found):
    """Within two points, or is what was found in the run's own interval?"""
    low, high, mean = expected["low"], expected["high"], expected["expected"]
    return abs(mean - found) <= .02 or (low is not None and low <= found <= high)


def row(name, k, verdict, found):
    out, hits = [name, k], []
    for mine, method in KINDS.items():
        expected, truth = verdict[mine], found[method]["accuracy"]["mean"]
        whole = mine != "accuracy_all" or verdict["all_rows"] >= verdict["all_of"] > 0
        if expected["expected"] is None or not whole:
            out.append(f"not measured, {percent(truth)}")
            continue
        half = "" if expected["low"] is None else f" ± {50 * (expected['high'] - expected['low']):.1f}"
        hits.append((mine, hit(expected, truth), abs(expected["expected"] - truth) <= .02))
        out.append(f"{percent(expected['expected'])}{half}, {percent(truth)}{'' if hits[-1][1] else ' **'}")
    judged = found["default"]["against"]["dedup+random"]["verdict"]
    return out + [verdict["verdict"], judged], hits


def main():
    rows, hits, panels, agree = [], [], {}, 0
    for name, k, verdict, found in cells():
        one, more = row(name, k, verdict, found)
        rows.append(one)
        hits += more
        agree += one[-1] == one[-2]
        ticks, series = panels.setdefault(name, ([], {"expected": [], "found": [], "random, expected": [],
                                                      "random, found": []}))
        ticks.append(k)
        for mine, label in (("accuracy", ""), ("accuracy_random", "random, ")):
            e, t = verdict[mine], found[KINDS[mine]]["accuracy"]["mean"]
            half = 50 * (e["high"] - e["low"]) if e["low"] is not None else 0
            series[label + "expected"].append((100 * e["expected"], half) if e["expected"] is not None else None)
            series[label + "found"].append((100 * t, 0))
    head = ["cell", "k", "these rows: expected, found", "random: expected, found", "all: expected, found", "verdict",
            "winnow compare's"]
    print(figures.table(head, rows))
    for mine in KINDS:
        of = [h for h in hits if h[0] == mine]
        print(f"\n{mine}: {sum(h[1] for h in of)} of {len(of)} within 2 points or the interval, "
              f"{sum(h[2] for h in of)} within 2 points")
    print(f"\nall: {sum(h[1] for h in hits)} of {len(hits)}; verdicts alike: {agree} of {len(rows)}\n")
    words = {}
    for folder in glob.glob("*.deal*.*"):
        if os.path.isdir(folder):
            cell = folder.split(".deal")[0]
            words.setdefault(cell, []).append(verdict_of(folder)["verdict"])
    kinds = ["no difference shown", "better", "worse", "none"]
    dealt = [[c, *(w.count(x) for x in kinds)] for c, w in sorted(words.items())]
    print(figures.table(["labels dealt out anew", *kinds], dealt))
    figures.lines("chart.svg", [(name, *p) for name, p in panels.items()])


main()
