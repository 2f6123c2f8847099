"""Prints the paper's tables with ours beside, and the sweeps; draws chart.svg. Usage: table.py SEED..."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import figures  # noqa: E402
import scores  # noqa: E402

SEEDS = sys.argv[1:]
METHODS = ("bert", "doc2vec", "random", "dedup+random", "default")
BUDGETS = ("5", "10", "20", "25", "40", "60", "80")
# accuracy in percent by BERT, doc2vec, random; training seconds (BERT-base, Tesla T4); seconds of selection
PAPER = {"5": (72.10, 58.36, 68.89, 185.17, .049, .047), "10": (80.49, 63.12, 77.66, 225.52, .078, .086),
         "25": (84.07, 77.82, 81.67, 323.05, .261, .185), "40": (83.27, 83.11, 72.10, 416.82, .316, .300),
         "60": (84.07, 82.84, 79.85, 510.48, .448, .451), "80": (84.07, 85.46, 82.42, 575.85, .591, .610)}
FULL = (76.86, 946.17)
EMBED = {"bert": 25.17, "doc2vec": 46.83}


def budgets():
    """Those that were run, and the paper's."""
    return [b for b in BUDGETS if b in PAPER or os.path.exists(f"bert.{b}.{SEEDS[0]}.csv")]


def seconds_of_selection(name):
    found = [figures.read(f"{name.format(seed=s)}.selection/manifest.json") for s in SEEDS]
    return [m["this_run"]["seconds"]["select"] for m in found if m]


def seconds_of_vectors(how):
    for s in SEEDS:
        path = f"stories.{s}.{how}.ms"
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                yield int(f.read()) / 1000


def accuracy(pattern):
    return scores.values(scores.runs(pattern, SEEDS), "accuracy")


def published(budget, column):
    return f"{PAPER[budget][column]:.2f}" if budget in PAPER else "–"


def tables():
    full = scores.runs("full.{seed}", SEEDS)
    print("### Table 1: all rows\n")
    print(figures.table(["", "ours", "paper"], [
        ["accuracy, %", figures.cell(scores.values(full, "accuracy")), FULL[0]],
        ["training, s", figures.cell(scores.values(full, "train_s"), 1, 0), FULL[1]]]))
    print("\n### Table 2: accuracy by size, %\n")
    print(figures.table(["size", *METHODS, "paper: BERT", "doc2vec", "random"], [
        [f"{b}%", *(figures.cell(accuracy(f"{m}.{b}.{{seed}}")) for m in METHODS),
         *(published(b, i) for i in range(3))] for b in budgets()]))
    print("\n### Table 3: training seconds by size\n")
    print(figures.table(["size", *METHODS, "paper"], [
        [f"{b}%", *(figures.cell(scores.values(scores.runs(f"{m}.{b}.{{seed}}", SEEDS), "train_s"), 1, 0)
                    for m in METHODS), published(b, 3)] for b in budgets()]))
    print("\n### Table 4: seconds before training\n")
    print(figures.table(["", "BERT", "doc2vec", "paper: BERT", "doc2vec"], [
        ["vectors", *(figures.cell(list(seconds_of_vectors(h)), 1, 2) for h in EMBED), *EMBED.values()],
        ["similarity", "in the selection", "in the selection", .063, .035],
        *([f"selection, {b}%", *(figures.cell(seconds_of_selection(f"{h}.{b}.{{seed}}"), 1, 3) for h in EMBED),
           *(PAPER[b][4:] if b in PAPER else "––")] for b in budgets())]))


def sweeps():
    base = "10" if os.path.exists("bert.10.1.csv") else "20"
    lambdas = {x: f"bert.{base}.1" if x == "10" else f"lambda.{x}.1" for x in ("0", "1", "10", "100", "auto")}
    print("\n### Other lambdas: accuracy at 10%, BERT vectors, seed 1, %\n")
    of = lambda name: scores.values(scores.runs(name, ["1"]), "accuracy")
    print(figures.table(list(lambdas), [[figures.cell(of(n)) for n in lambdas.values()]]))
    some = ("bert", "random", "dedup+random", "default")
    names = {t: {m: f"{m}.{base}.1" if t == "100" else f"copies.{t}.{m}.1" for m in some}
             for t in ("1", "10", "100", "300")}
    print("\n### Other densities: 1% of the stories there T times, accuracy with 375 rows, seed 1, %\n")
    print(figures.table(["T", *some], [[t, *(figures.cell(of(n)) for n in row.values())] for t, row in names.items()]))
    return lambdas, names, some, of


def main():
    tables()
    lambdas, names, some, of = sweeps()
    percent = lambda v: [100 * x for x in v] or None
    figures.lines("chart.svg", [
        ("Story cloze: accuracy by size, %", [f"{b}%" for b in budgets()],
         {m: [percent(accuracy(f"{m}.{b}.{{seed}}")) for b in budgets()] for m in METHODS}),
        ("the paper's (BERT-base)", [f"{b}%" for b in PAPER],
         {m: [[p[i]] for p in PAPER.values()] for i, m in enumerate(METHODS[:3])}),
        ("by lambda, 10%, seed 1", list(lambdas), {"bert": [percent(of(n)) for n in lambdas.values()]}),
        ("by copies of 1% of the stories, 375 rows", list(names),
         {m: [percent(of(row[m])) for row in names.values()] for m in some})])


main()
