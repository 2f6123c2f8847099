"""Prints what the published comparison prints, for both; draws chart.svg. Usage: table.py SEED..."""
import os
import platform
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import figures  # noqa: E402
import scores  # noqa: E402

SEEDS = sys.argv[1:]


def found(name, batch):
    if name == "winnow":
        return scores.runs(f"winnow.{batch}.{{seed}}", SEEDS)
    return [r for r in (figures.read(f"transformers.{batch}.{s}.json") for s in SEEDS) if r]


def rate(runs, seconds, rows):
    return [r[rows] * (r["epochs"] if rows == "trained_on" else 1) / r[seconds] for r in runs if r[seconds]]


def main():
    columns = [(name, batch, found(name, batch)) for batch in (16, 32) for name in ("winnow", "transformers")]
    ours = [r for _, _, rs in columns for r in rs if "kernels" in r]
    if ours:
        print(f"Platform: {ours[0]['cpu']} ({ours[0]['kernels']}), {ours[0]['threads']} threads, "
              f"{platform.system()} {platform.machine()}\n")
    figure = [("seeds", lambda rs: len(rs)),
              ("training loss", lambda rs: figures.cell(scores.values(rs, "loss"), 1, 4)),
              ("training samples/s", lambda rs: figures.cell(rate(rs, "train_s", "trained_on"), 1)),
              ("training runtime, s", lambda rs: figures.cell(scores.values(rs, "train_s"), 1, 1)),
              ("evaluation accuracy, %", lambda rs: figures.cell(scores.values(rs, "accuracy"))),
              ("evaluation loss", lambda rs: figures.cell(scores.values(rs, "log_loss"), 1, 4)),
              ("evaluation samples/s", lambda rs: figures.cell(rate(rs, "score_s", "records"), 1))]
    print(figures.table(["", *(f"{n}, batch {b}" for n, b, _ in columns)],
                        [[what, *(f(rs) for _, _, rs in columns)] for what, f in figure]))
    mean = lambda v: figures.mean(v) if v else None
    by = lambda f: {f"batch {b}": {n: mean(f(rs)) for n, b2, rs in columns if b2 == b} for b in (16, 32)}
    figures.bars("chart.svg", [("training, samples/s", by(lambda rs: rate(rs, "train_s", "trained_on"))),
                               ("evaluation, samples/s", by(lambda rs: rate(rs, "score_s", "records"))),
                               ("evaluation accuracy", by(lambda rs: scores.values(rs, "accuracy")))])


main()
