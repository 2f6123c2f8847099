# rbf row sums: numpy's exp(g*(X@X.T-1)).sum(1) against wn_pair_rowsums, same rows, same number of threads.
# python: numpy
"""usage: bench/run rowsums [--n 20000] [--d 384] [--gamma 8] [--threads 2] [--rounds 3]"""
import argparse
import json
import os
import subprocess
import sys
import time

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("--n", type=int, default=20000)
parser.add_argument("--d", type=int, default=384)
parser.add_argument("--gamma", type=float, default=8.0)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rounds", type=int, default=3, help="rounds in turn, the best of each side counts")
parser.add_argument("--inner", choices=["sums", "product"], help=argparse.SUPPRESS)
args = parser.parse_args()


def vectors(np):
    x = np.random.default_rng(1).random((args.n, args.d), dtype=np.float32) - np.float32(0.3)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def inner():
    """One side in a process of its own: numpy reads the number of threads when it is loaded."""
    import numpy as np

    if args.inner == "product":
        a, b = (np.random.default_rng(s).random((4096, 4096), dtype=np.float32) for s in (1, 2))
        best = 1e30
        for _ in range(5):
            start = time.perf_counter()
            a @ b
            best = min(best, time.perf_counter() - start)
        print(json.dumps({"gflops": 2 * 4096**3 / best * 1e-9}))
        return
    x, g = vectors(np), np.float32(args.gamma)
    start = time.perf_counter()
    sums = np.exp(g * (x @ x.T - 1)).sum(1)
    print(json.dumps({"seconds": time.perf_counter() - start, "sums": (sums[:4] - 1).tolist()}))


def run(command, **more):
    env = dict(os.environ, OMP_NUM_THREADS=str(args.threads), OPENBLAS_NUM_THREADS=str(args.threads), **more)
    return json.loads(subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE).stdout)


def main():
    shape = ["--n", str(args.n), "--d", str(args.d), "--gamma", str(args.gamma)]
    numpy = [sys.executable, __file__, *shape, "--inner"]
    program = [os.path.join(os.environ["WINNOW_BENCH_BIN"], "bench_rowsums"),
               *map(str, (args.n, args.d, args.gamma, args.threads, 3))]
    theirs = ours = 1e30
    peer_rate = own_rate = 0.0
    for _ in range(args.rounds):
        theirs = min(theirs, run(numpy + ["sums"])["seconds"])
        result = run(program)
        ours = min(ours, result["seconds"])
        own_rate = max(own_rate, result["product_gflops"])
        peer_rate = max(peer_rate, run(numpy + ["product"])["gflops"],
                        run(numpy + ["product"], OPENBLAS_CORETYPE="SkylakeX")["gflops"])
    rate = max(peer_rate, own_rate)
    needed = args.n * (args.n - 1) * args.d / ours * 1e-9
    print(f"n = {args.n}, d = {args.d}, gamma = {args.gamma:g}, {args.threads} threads, "
          f"best of {args.rounds} rounds, kernels: {result['isa']}\n")
    print(f"{'':44}{'seconds':>9}{'ratio':>8}")
    print(f"{'numpy exp(g*(X@X.T-1)).sum(1)':44}{theirs:9.3f}{1:8.2f}")
    print(f"{'winnow row sums':44}{ours:9.3f}{theirs / ours:8.2f}")
    print()
    print(f"{'':44}{'GFLOP/s':>9}{'share':>8}")
    print(f"{'product of 4096 x 4096, numpy':44}{peer_rate:9.1f}{peer_rate / rate:8.0%}")
    print(f"{'product of 4096 x 4096, winnow':44}{own_rate:9.1f}{own_rate / rate:8.0%}")
    print(f"{'row sums, over the n (n-1) d / 2 they need':44}{needed:9.1f}{needed / rate:8.0%}")


inner() if args.inner else main()
