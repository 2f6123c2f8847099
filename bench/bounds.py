# Selection beside the bare product: how many times what n^2 d flops take at the machine's f32 rate, and peak memory.
"""usage: bench/run bounds [--n 100000] [--d 384] [--k 10000] [--rounds 2]

Each way of choosing is a process of its own (bench/modes.c), its rounds in turn with the product. Beside other work
the ratio of processor seconds says more than that of the clock. Peak is that of the
whole process, the rows included; allowed are 1.5 n d floats and 150 MB."""
import argparse
import json
import os
import subprocess

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("--n", type=int, default=100_000)
parser.add_argument("--d", type=int, default=384)
parser.add_argument("--k", type=int, default=10_000)
parser.add_argument("--rounds", type=int, default=2)
args = parser.parse_args()
WAYS = (("rbf", "graph-cut, rbf, exact sums", 1.6, None),
        ("facility", "facility location, 64-NN graph included", 2, None),
        ("cosine", "graph-cut, cosine", None, 10), ("sampled", "graph-cut, rbf, sampled sums", None, None))


def main():
    allowed = 1.5 * args.n * args.d * 4 / 1e6 + 150
    print(f"n = {args.n}, d = {args.d}, k = {args.k}, best of {args.rounds} rounds in turn\n")
    print("| | seconds | product s | times the product | by processor seconds | bar | GFLOP/s of the product | "
          "peak MB | allowed MB |\n|---|---|---|---|---|---|---|---|---|")
    for mode, name, times, seconds in WAYS:
        command = [os.path.join(os.environ["WINNOW_BENCH_BIN"], "bench_modes"), *map(str, (args.n, args.d, args.k)),
                   mode, str(args.rounds)]
        got = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        ratio = got["seconds"] / got["product"]
        bar = f"{times} times" if times else f"{seconds} s" if seconds else ""
        over = (times and ratio > times) or (seconds and got["seconds"] > seconds)
        peak = got["peak"] / 1e6
        print(f"| {name} | {got['seconds']:.2f} | {got['product']:.2f} | {ratio:.2f} | "
              f"{got['processor'] / got['processor_product']:.2f} | {bar}{', over' if over else ''} | "
              f"{got['rate'] / 1e9:.0f} | {peak:.0f}{', over' if peak > allowed else ''} | {allowed:.0f} |", flush=True)


main()
