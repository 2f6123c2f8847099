"""Means over the cells without labels, by encoder, and the share of the way from the first encoder to the last, where
that is a hundredth or more.
The plot, chart.svg, has the accuracies of the first set.
Usage: table.py "SET..." ENCODER..."""
import csv
import sys

METHODS = ("random", "dedup+random", "graph-cut", "facility-location")


def mean(folder, column):
    with open(f"{folder}/results.csv", encoding="utf-8", newline="") as f:
        values = [float(r[column]) for r in csv.DictReader(f) if r["method"] in METHODS]
    return sum(values) / len(values)


def plot(values):
    """[(name, value)] as bars."""
    top, rows = max(v for _, v in values), []
    for i, (name, value) in enumerate(values):
        y, width = 30 + 26 * i, 400 * value / top
        rows.append(f'<text x="100" y="{y + 14}" text-anchor="end">{name}</text><rect x="110" y="{y}" '
                    f'width="{width:.1f}" height="18"/><text x="{width + 116:.1f}" y="{y + 14}">{value:.3f}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 580 {40 + 26 * len(values)}" '
            f'font-family="sans-serif" font-size="13" fill="#4063a3">'
            f'<text x="10" y="18">accuracy, mean of all cells: {sets[0]}</text>'
            + "".join(rows) + "</svg>\n")


sets, encoders = sys.argv[1].split(), sys.argv[2:]
heads = [f"{s}, {what}" for s in sets for what in ("accuracy", "balanced")]
print("| encoder | " + " | ".join(heads) + " |")
print("|---" * (len(heads) + 1) + "|")
for e in encoders:
    cells = []
    for s in sets:
        for column in ("accuracy", "balanced_accuracy"):
            low, high = (mean(f"{s}.{end}", column) for end in (encoders[0], encoders[-1]))
            value = mean(f"{s}.{e}", column)
            way = f" ({(value - low) / (high - low):.0%})" if high - low >= .01 else ""
            cells.append(f"{value:.3f}{way}")
    print(f"| {e} | " + " | ".join(cells) + " |")
with open("chart.svg", "w", encoding="utf-8") as f:
    f.write(plot([(e, mean(f"{sets[0]}.{e}", "accuracy")) for e in encoders]))
