"""Prints every cell of comparisons as Markdown, writes cells.tsv and draws chart.svg. Usage, beside their folders:
compare_tables.py SET.ENCODER..."""
import sys

import figures

SHORT = {"graph-cut:lambda=10:similarity=cosine": "the paper's graph-cut"}
TITLES = {"lsa": "LSA", "first": "LSA, first edition"}
SIGNS = {"better": "▲", "no difference shown": "·", "worse": "▼"}


def cell(s):
    """Accuracy, and the difference from dedup+random with its interval and verdict."""
    text = f"{100 * s['accuracy']['mean']:.1f}"
    d = s["against"].get("dedup+random")
    if not d:
        return text
    v = d["difference"]
    return f"{text} ({100 * v['mean']:+.1f}, {100 * v['low']:+.1f} to {100 * v['high']:+.1f}) {SIGNS[d['verdict']]}"


def spot(accuracy):
    """Mean and half of its interval, in percent."""
    return 100 * accuracy["mean"], 50 * ((accuracy["high"] or 0) - (accuracy["low"] or 0))


def order(values):
    return list(dict.fromkeys(values))


def scenarios(summary):
    """Each scenario with its standings by method and budget, its budgets and its methods."""
    for scenario in order(s["scenario"] for s in summary["standings"]):
        here = {(s["method"], s["budget"]): s for s in summary["standings"] if s["scenario"] == scenario}
        budgets = [b for b in order(b for _, b in here) if b != "all"]
        yield scenario, here, budgets, [m for m in order(m for m, _ in here) if m != "full"]


def tally_row(name, differences, verdicts=()):
    return [name, *(verdicts.count(w) if verdicts else "" for w in SIGNS),
            *(f"{f(differences):+.2f}" for f in (figures.mean, min, max))]


def against_random(summaries):
    """Every cell that has a difference from random choice without copies: method, budget, cell, difference."""
    for summary in summaries:
        for _, here, budgets, methods in scenarios(summary):
            for m in methods:
                for b in budgets:
                    d = here[m, b]["against"].get("dedup+random")
                    if d:
                        yield m, b, here[m, b], d


def methods_table(summaries):
    """Every method against random choice without copies, over all cells."""
    cells = {}
    for m, _, s, d in against_random(summaries):
        cells.setdefault(m, []).append((d["verdict"], 100 * d["difference"]["mean"],
                                        100 * d["balanced_accuracy_difference"]["mean"], s["select_s"]))
    rows = []
    for m, of_method in cells.items():
        verdicts, differences, balanced, seconds = zip(*of_method)
        rows.append([*tally_row(SHORT.get(m, m), differences, verdicts), f"{figures.mean(balanced):+.2f}",
                     f"{figures.mean(seconds):.2f}"])
    print("## Over all cells, against dedup+random\n")
    print(figures.table(["method", *SIGNS, "mean", "least", "most", "balanced accuracy", "seconds to choose"], rows))


def budgets_table(summaries):
    """The mean difference of every method from random choice without copies, by budget."""
    cells = {}
    for m, b, _, d in against_random(summaries):
        cells.setdefault(m, {}).setdefault(b, []).append(100 * d["difference"]["mean"])
    budgets = order(b for of in cells.values() for b in of)
    print("\n## Every method, by budget, against dedup+random\n")
    print(figures.table(["method", *budgets], [[SHORT.get(m, m), *(f"{figures.mean(of[b]):+.2f}" for b in budgets)]
                                               for m, of in cells.items()]))


def write_cells(summaries):
    """cells.tsv: a line a cell, percent; the difference from random choice without copies with its interval."""
    with open("cells.tsv", "w", encoding="utf-8") as f:
        print("set", "vectors", "scenario", "budget", "method", "accuracy", "difference", "low", "high", "verdict",
              sep="\t", file=f)
        for (name, encoder), summary in summaries.items():
            for s in summary["standings"]:
                d = s["against"].get("dedup+random")
                v = [f"{100 * d['difference'][q]:+.1f}" for q in ("mean", "low", "high")] if d else [""] * 3
                print(name, encoder, s["scenario"], s["budget"], s["method"], f"{100 * s['accuracy']['mean']:.1f}", *v,
                      d["verdict"] if d else "", sep="\t", file=f)


def default_table(summaries):
    """The default against each baseline and facility location, by budget."""
    cells = {}
    for summary in summaries:
        for _, here, budgets, _ in scenarios(summary):
            for b in budgets:
                if ("default", b) not in here:
                    continue
                mine = here["default", b]
                for baseline, d in mine["against"].items():
                    cells.setdefault((b, baseline), []).append((d["verdict"], 100 * d["difference"]["mean"]))
                other = here["facility-location", b]
                cells.setdefault((b, "facility-location"), []).append(
                    (None, 100 * (mine["accuracy"]["mean"] - other["accuracy"]["mean"])))
    rows = [[b, *tally_row(baseline, [d for _, d in of], [v for v, _ in of if v])]
            for (b, baseline), of in cells.items()]
    if rows:
        print("\n## The default, by budget\n")
        print(figures.table(["budget", "against", *SIGNS, "mean", "least", "most"], rows))


def main(folders):
    panels, summaries = [], {}
    for folder in folders:
        name, encoder = folder.rsplit(".", 1)
        title = f"{name}, {TITLES.get(encoder, encoder)}"
        summary = figures.read(f"{folder}/summary.json")
        if not summary:
            print(f"## {title}\nnot run\n")
            continue
        summaries[name, encoder] = summary
        print(f"## {title}: {summary['classes']} classes, {summary['pool']:,} + {summary['tests']:,} rows, "
              f"{summary['selection_seeds']} seeds")
        for scenario, here, budgets, methods in scenarios(summary):
            full = here["full", "all"]["accuracy"]["mean"]
            print(f"\n**{scenario}** (all rows: {100 * full:.1f})\n")
            print(figures.table(["method", *budgets], [[SHORT.get(m, m), *(cell(here[m, b]) for b in budgets)]
                                                       for m in methods]))
            panels.append((f"{title}, {scenario}", budgets,
                           {SHORT.get(m, m): [spot(here[m, b]["accuracy"]) for b in budgets]
                            for m in methods if m not in ("longest", "stratified-random")}))
        print()
    methods_table(summaries.values())
    budgets_table(summaries.values())
    default_table(summaries.values())
    write_cells(summaries)
    figures.lines("chart.svg", panels, columns=3)


main(sys.argv[1:])
