"""Prints precision, recall and F1 of SARCASM, and the sweeps; draws chart.svg. Usage: table.py "SEEDS" "SWEEPS" """
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import figures  # noqa: E402
import scores  # noqa: E402

SEEDS, SWEEPS = sys.argv[1].split(), sys.argv[2].split()


def of_class(runs, name):
    return [c[name] for r in runs for c in r["classes"] if c["label"] == "SARCASM"]


def row(name, runs):
    return [name, len(runs), *(figures.cell(of_class(runs, k), 1, 3) for k in ("precision", "recall", "f1")),
            figures.cell(scores.values(runs, "accuracy")), figures.cell(scores.values(runs, "train_s"), 1, 0)]


def main():
    found = {f: scores.runs(f"{f}.{{seed}}", SEEDS) for f in ("response", "dialogue")}
    sweeps = {s: scores.runs(f"sweep.{s}", [0]) for s in SWEEPS}
    head = ["", "seeds", "precision", "recall", "F1", "accuracy, %", "training s"]
    print(figures.table(head, [row("response alone", found["response"]),
                               row("last two turns and response", found["dialogue"])]))
    print("\nOne thing changed at a time, response alone, seed 1 (else batch 32, lr 2e-5):\n")
    first = scores.runs("response.{seed}", ["1"])
    print(figures.table(head, [row("nothing", first)] + [row(s.replace("=", " "), r) for s, r in sweeps.items()]))
    f1 = lambda runs: of_class(runs, "f1") or None
    figures.lines("chart.svg", [
        ("F1, held-out tenth", ["response", "dialogue"], {"F1": [f1(found["response"]), f1(found["dialogue"])]}),
        ("F1, one thing changed (seed 1)", ["-", *SWEEPS], {"F1": [f1(first), *(f1(r) for r in sweeps.values())]})])


main()
