"""Prints every cell of the comparisons as Markdown, and draws chart.svg. Run beside their folders."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import figures  # noqa: E402

SHORT = {"graph-cut:lambda=10:similarity=cosine": "the paper's graph-cut"}
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


def main():
    panels, tally = [], {}
    for encoder, title in (("lsa", "LSA"), ("model", "model")):
        for name in ("wordnet", "packages"):
            summary = figures.read(f"{name}.{encoder}/summary.json")
            if not summary:
                print(f"## {name}, {title}\nnot run\n")
                continue
            all_ = summary["standings"]
            print(f"## {name}, {title}: {summary['classes']} classes, {summary['pool']:,} + {summary['tests']:,} rows, "
                  f"{summary['selection_seeds']} seeds")
            for scenario in order(s["scenario"] for s in all_):
                here = {(s["method"], s["budget"]): s for s in all_ if s["scenario"] == scenario}
                budgets = [b for b in order(b for _, b in here) if b != "all"]
                methods = [m for m in order(m for m, _ in here) if m != "full"]
                full = here["full", "all"]["accuracy"]["mean"]
                print(f"\n**{scenario}** (all rows: {100 * full:.1f})\n")
                print(figures.table(["method", *budgets], [[SHORT.get(m, m), *(cell(here[m, b]) for b in budgets)]
                                                           for m in methods]))
                for m in methods:
                    for b in budgets:
                        d = here[m, b]["against"].get("dedup+random")
                        if d:
                            tally.setdefault(m, []).append((d["verdict"], 100 * d["difference"]["mean"],
                                                            100 * d["balanced_accuracy_difference"]["mean"],
                                                            here[m, b]["select_s"]))
                panels.append((f"{name}, {title}, {scenario}", budgets,
                               {SHORT.get(m, m): [spot(here[m, b]["accuracy"]) for b in budgets]
                                for m in methods if m not in ("longest", "stratified-random")}))
            print()
    print("## Over all cells, against dedup+random\n")
    rows = []
    for m, cells in tally.items():
        verdicts, differences, balanced, seconds = zip(*cells)
        rows.append([SHORT.get(m, m), *(verdicts.count(w) for w in SIGNS),
                     *(f"{f(differences):+.2f}" for f in (figures.mean, min, max)), f"{figures.mean(balanced):+.2f}",
                     f"{figures.mean(seconds):.2f}"])
    print(figures.table(["method", *SIGNS, "mean", "least", "most", "balanced accuracy",
                         "seconds to choose"], rows))
    figures.lines("chart.svg", panels, columns=3)


main()
