# Subset selection beside apricot, submodlib and the plain greedy in numpy: same rows, same similarities, same k.
# python: numpy scipy apricot-select submodlib-py
"""usage: bench/run peers [--n 4000] [--d 384] [--share 0.1] [--rounds 3] [--only OBJECTIVE] [--bar 20]

Seconds are from vectors in memory to picks, on as many threads as there are: a peer's are those of the similarities (by
numpy, in f32) and of its own object and search; compilation by numba comes before. f is one numpy function in f64 for
all. apricot and submodlib are what PyPI has. DeepCore is not there: `as DeepCore` makes its naive greedy's calls in
numpy, every gain at every step: graph-cut's from the picks' rows of the matrix, facility location's from all of it."""
import argparse
import contextlib
import importlib
import io
import json
import os
import subprocess
import tempfile
import time
import warnings

threads = str(len(os.sched_getaffinity(0)))
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, threads)
import numpy as np  # noqa: E402  reads the number of threads

warnings.filterwarnings("ignore")
parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("--n", type=int, default=4000)
parser.add_argument("--d", type=int, default=384)
parser.add_argument("--share", type=float, default=0.1)
parser.add_argument("--gamma", type=float, default=8.0)
parser.add_argument("--rounds", type=int, default=3, help="in turn, the best of each side counts")
parser.add_argument("--patience", type=float, default=60, help="a peer slower than that is not asked twice")
parser.add_argument("--bar", type=float, default=20)
parser.add_argument("--only")
args = parser.parse_args()
K = max(1, round(args.share * args.n))
LAMBDA = max(0.0, args.n / K - 2)
SHARE = K / args.n


def vectors():
    """Unit rows around 200 centres of falling size, noise as wide as the centres are apart."""
    r = np.random.default_rng(1)
    centres = r.standard_normal((200, args.d), dtype=np.float32)
    x = centres[(200 * r.random(args.n) ** 2).astype(int)] + r.standard_normal((args.n, args.d), dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def rbf(x):
    return np.exp(np.float32(args.gamma) * (x @ x.T - 1))


def parts(x):
    return np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis=1)


# ---- f, for everybody ----

def f_cut(x, s):
    w = rbf(x.astype(np.float64))
    inside = w[np.ix_(s, s)]
    return w[:, s].sum() - inside.sum() - LAMBDA / 2 * (inside.sum() - np.trace(inside))


def f_facility(x, s):
    return rbf(x.astype(np.float64))[:, s].max(1).sum()


def f_saturated(x, s):
    w = rbf(x.astype(np.float64))
    return np.minimum(w[:, s].sum(1), SHARE * w.sum(1)).sum()


def f_features(x, s):
    return np.sqrt(parts(x.astype(np.float64))[s].sum(0)).sum()


def f_determinant(x, s):
    return np.linalg.slogdet(np.eye(len(s)) + rbf(x.astype(np.float64))[np.ix_(s, s)])[1]


def f_disparity(x, s):
    c = x.astype(np.float64)[s]
    square = np.maximum(0, 2 - 2 * c @ c.T)
    return np.sqrt(square[np.triu_indices(len(s), 1)].min())


# ---- peers: x -> picks ----

def apricot(name, prepare, **options):
    def choose(x, k=K):
        library = importlib.import_module("apricot")
        model = getattr(library, name)(k, **options)
        return model.fit(prepare(x).astype(np.float64)).ranking
    return choose


def submodlib(make, optimizer):
    def choose(x, k=K):
        return [i for i, _ in make(importlib.import_module("submodlib"), x).maximize(
            budget=k, optimizer=optimizer, show_progress=False)]
    return choose


def as_deepcore(gains):
    """Every gain at every step, of the rows that are left: gains(w, picks, left)."""
    def choose(x, k=K):
        w, left, picks = rbf(x), np.ones(len(x), bool), []
        for _ in range(k):
            rows = np.flatnonzero(left)
            picks.append(int(rows[gains(w, picks, rows).argmax()]))
            left[picks[-1]] = False
        return picks
    return choose


def cut_gains(w, picks, left):
    return w[:, left].sum(0) - (2 + LAMBDA) * w[np.ix_(picks, left)].sum(0)


def facility_gains(w, picks, left):
    nearest = w[:, picks].max(1, keepdims=True) if picks else 0
    return np.maximum(w[:, left] - nearest, 0).sum(0)


def submodlib_features(m, x):
    """It divides columns by their largest value; weights undo that."""
    f = parts(x)
    return m.FeatureBasedFunction(len(x), f, f.shape[1], sparse=False, featureWeights=np.sqrt(f.max(0)).tolist(),
                                  mode=importlib.import_module("submodlib_cpp").FeatureBased.squareRoot)


PEERS = {
    "graph-cut": (f_cut, "rbf", {
        "apricot": apricot("GraphCutSelection", rbf, metric="precomputed", alpha=1 / (1 + LAMBDA / 2)),
        "submodlib, lazy": submodlib(lambda m, x: m.GraphCutFunction(
            len(x), mode="dense", lambdaVal=1 + LAMBDA / 2, separate_rep=False, ggsijs=rbf(x)), "LazyGreedy"),
        "as DeepCore": as_deepcore(cut_gains),
    }),
    "facility-location": (f_facility, "rbf", {
        "apricot": apricot("FacilityLocationSelection", rbf, metric="precomputed"),
        "submodlib, lazy": submodlib(lambda m, x: m.FacilityLocationFunction(
            len(x), mode="dense", separate_rep=False, sijs=rbf(x)), "LazyGreedy"),
        "as DeepCore": as_deepcore(facility_gains),
    }),
    "saturated-coverage": (f_saturated, "rbf", {
        "apricot": apricot("SaturatedCoverageSelection", rbf, metric="precomputed", alpha=SHARE),
    }),
    "feature-based": (f_features, "cosine", {
        "apricot": apricot("FeatureBasedSelection", parts, concave_func="sqrt"),
        "submodlib, lazy": submodlib(submodlib_features, "LazyGreedy"),
    }),
    "log-determinant": (f_determinant, "rbf", {
        "submodlib, lazy": submodlib(lambda m, x: m.LogDeterminantFunction(
            len(x), mode="dense", lambdaVal=1, sijs=rbf(x)), "LazyGreedy"),
    }),
    "disparity-min": (f_disparity, "cosine", {
        "submodlib": submodlib(lambda m, x: m.DisparityMinFunction(
            len(x), mode="dense", sijs=(x @ x.T + 1) / 2), "NaiveGreedy"),
    }),
}


def winnow(path, objective, kernel):
    command = [os.path.join(os.environ["WINNOW_BENCH_BIN"], "bench_peers"), path, objective, kernel, str(args.gamma),
               str(LAMBDA), str(SHARE), str(K), "3"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def timed(choose, x):
    """Seconds and picks; or what stopped it."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            start, used = time.perf_counter(), time.process_time()
            picks = [int(i) for i in choose(x)]
            return time.perf_counter() - start, picks, "", time.process_time() - used
    except Exception as error:  # whatever a peer throws
        return np.inf, [], f"{type(error).__name__}: {error}".split("\n")[0][:100], np.inf


def main():
    x = vectors()
    ok = True
    print(f"n = {args.n}, d = {args.d}, k = {K}, gamma = {args.gamma:g}, lambda = {LAMBDA:g}, {threads} threads, "
          f"best of {args.rounds} rounds in turn\n")
    print("| objective | who | seconds | times winnow | by processor seconds | f | f / winnow's |\n"
          "|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.npy")
        np.save(path, x)
        for objective, (f, kernel, peers) in PEERS.items():
            if args.only and args.only != objective:
                continue
            best, ours, used = {who: (np.inf, [], "", np.inf) for who in peers}, np.inf, np.inf
            for who, choose in peers.items():  # compiles, and says early what does not work
                timed(lambda rows, choose=choose: choose(rows, 4), x[:64])
            for turn in range(args.rounds):
                own = winnow(path, objective, kernel)
                ours, used = min(ours, own["seconds"]), min(used, own["processor"])
                for who, choose in peers.items():
                    if turn and (best[who][2] or best[who][0] > args.patience):
                        continue
                    got = timed(choose, x)
                    best[who] = (*min(best[who], got, key=lambda t: t[0])[:3], min(best[who][3], got[3]))
                    if not turn:
                        best[who] = got
            value = f(x, own["ids"])
            print(f"| {objective}, {kernel} | winnow ({own['storage']}, {own['maximizer']}) | {ours:.4f} | 1 | 1 | "
                  f"{value:.6g} | 1 |")
            for who, (seconds, picks, why, processor) in best.items():
                if why:
                    print(f"| | {who} | | | | {why} | |")
                    continue
                theirs = f(x, picks)
                print(f"| | {who} | {seconds:.3f} | {seconds / ours:.1f} | {processor / used:.1f} | "
                      f"{theirs:.6g} | {theirs / value:.5f} |", flush=True)
                ok = ok and theirs <= value * (1 + 1e-6) + 1e-9
            times = min((b[0] for b in best.values() if not b[2]), default=np.inf) / ours
            by_processor = min((b[3] for b in best.values() if not b[2]), default=np.inf) / used
            print(f"| | fastest peer | | {times:.1f}{'' if times >= args.bar else ', below %g' % args.bar} | "
                  f"{by_processor:.1f} | | |", flush=True)
    print("\nno peer's f is above winnow's" if ok else "\na peer's f is above winnow's")


main()
