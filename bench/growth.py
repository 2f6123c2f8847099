# How the time of a choice grows with the rows: exponents, and docs/growth.svg.
"""usage: bench/run growth [--rows 25000,50000,100000,200000,400000] [--d 384] [--k 1000] [--rounds 1] [--svg FILE]

Graph-cut of clustered unit vectors (bench/modes.c): cosine, rbf with exact sums, rbf with sums from 16,384 rows. The
exponent is the slope of the least squares line through the logarithms."""
import argparse
import json
import math
import os
import subprocess

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("--rows", default="25000,50000,100000,200000,400000")
parser.add_argument("--d", type=int, default=384)
parser.add_argument("--k", type=int, default=1000)
parser.add_argument("--rounds", type=int, default=1)
parser.add_argument("--svg", help="where the plot goes; without it none is made")
args = parser.parse_args()
SIZES = [int(n) for n in args.rows.split(",")]
WAYS = (("cosine", "cosine", 1.15, "#4063a3"), ("rbf", "rbf, exact sums", 2.05, "#b3562f"),
        ("sampled", "rbf, sums from 16,384 rows", 1.15, "#3c8a4d"))
LEFT, RIGHT, TOP, BOTTOM = 60, 400, 40, 300  # of the plot's area


def seconds(n, mode):
    command = [os.path.join(os.environ["WINNOW_BENCH_BIN"], "bench_modes"), *map(str, (n, args.d, args.k)), mode,
               str(args.rounds)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def slope(x, y):
    x, y = [math.log(v) for v in x], [math.log(v) for v in y]
    a, b = sum(x) / len(x), sum(y) / len(y)
    return sum((u - a) * (v - b) for u, v in zip(x, y)) / sum((u - a) ** 2 for u in x)


def plot(times, exponents):
    low, high = math.log10(SIZES[0]), math.log10(SIZES[-1])
    values = [t for way in times.values() for t in way]
    floor, top = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def at(n, t):
        return (LEFT + (RIGHT - LEFT) * (math.log10(n) - low) / (high - low),
                BOTTOM - (BOTTOM - TOP) * (math.log10(t) - floor) / (top - floor))

    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 345" font-family="sans-serif" font-size="13" '
           'fill="#333">', f'<text x="10" y="18">seconds to choose {args.k} rows of {args.d} columns, by rows</text>']
    for e in range(floor, top + 1):
        y = at(SIZES[0], 10 ** e)[1]
        out.append(f'<path d="M{LEFT} {y:.1f}H{RIGHT}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10 ** e:g}</text>')
    for n in SIZES:
        out.append(f'<text x="{at(n, 1)[0]:.1f}" y="{BOTTOM + 20}" text-anchor="middle">{n // 1000}k</text>')
    for mode, name, _, colour in WAYS:
        points = [at(n, t) for n, t in zip(SIZES, times[mode])]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        out.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in points]
        out.append(f'<text x="{points[-1][0] + 10:.1f}" y="{points[-1][1] + 4:.1f}" fill="{colour}">{name}: '
                   f'n^{exponents[mode]:.2f}</text>')
    return "\n".join(out) + "\n</svg>\n"


def main():
    times, exponents, values = {}, {}, {}
    print("| | " + " | ".join(f"{n:,}" for n in SIZES) + " | exponent | bar |\n|---" + "|---" * (len(SIZES) + 3) + "|")
    for mode, name, bar, _ in WAYS:
        got = [seconds(n, mode) for n in SIZES]
        times[mode], values[mode] = [g["seconds"] for g in got], [g["f"] for g in got]
        exponents[mode] = slope(SIZES, times[mode])
        over = ", over" if exponents[mode] > bar else ""
        print(f"| {name}, s | " + " | ".join(f"{t:.2f}" for t in times[mode]) +
              f" | {exponents[mode]:.2f} | {bar}{over} |", flush=True)
    print("| f by sampled sums / by exact ones | " +
          " | ".join(f"{a / b:.4f}" for a, b in zip(values["sampled"], values["rbf"])) + " | | |")
    if args.svg:
        with open(args.svg, "w", encoding="utf-8") as f:
            f.write(plot(times, exponents))


main()
