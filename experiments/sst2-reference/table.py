"""Prints accuracy and seconds beside the reference's; draws chart.svg. Usage: table.py SEED..."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import figures  # noqa: E402
import scores  # noqa: E402

seeds = sys.argv[1:]
found = {"winnow": scores.runs("winnow.{seed}", seeds),
         "transformers": [r for r in (figures.read(f"transformers.{s}.json") for s in seeds) if r]}
print(figures.table(["", "seeds", "dev accuracy, %", "log loss", "training s", "rows/s"],
                    [[name, len(rs), figures.cell(scores.values(rs, "accuracy")),
                      figures.cell(scores.values(rs, "log_loss"), 1, 3),
                      figures.cell(scores.values(rs, "train_s"), 1, 1),
                      figures.cell([r["trained_on"] * r["epochs"] / r["train_s"] for r in rs if r["train_s"]], 1, 1)]
                     for name, rs in found.items()]))
if all(found.values()):
    ours, theirs = (scores.values(rs, "accuracy") for rs in found.values())
    gap = 100 * (figures.mean(ours) - figures.mean(theirs))
    halves = [100 * (figures.half_width(v) or 0) for v in (ours, theirs)]
    overlap = "overlap" if abs(gap) <= sum(halves) else "do not overlap"
    print(f"\nours - theirs: {gap:+.2f} points; the intervals {overlap}")
figures.lines("chart.svg", [("SST-2: dev accuracy, %", ["accuracy"],
                             {n: [[100 * v for v in scores.values(rs, "accuracy")]] for n, rs in found.items()})])
