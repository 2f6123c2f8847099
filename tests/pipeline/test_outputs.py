"""What winnow run wrote, read by anndata and worked out again by numpy.

Usage: test_outputs.py WINNOW. Prints TAP; skipped with a message where anndata or numpy is missing.
"""
import json
import os
import random
import subprocess
import sys
import tempfile

try:
    import anndata
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)


def write_rows(path, n=700):
    rng = random.Random(9)
    words = "river stone bird light house green morning engine market music paper winter signal garden city".split()
    with open(path, "w", encoding="utf-8") as out:
        for i in range(n):
            kind = i % 3
            text = " ".join(words[kind * 4 + rng.randrange(7)] for _ in range(10))
            if i % 35 == 34:
                text = last.upper() + "  "
            last = text
            out.write(json.dumps({"id": f"r{i}", "text": text if i % 100 else chr(0x4E00 + i), "label": f"k{kind}"})
                      + "\n")


def graph_cut(k, chosen, weight):
    inside = np.zeros(len(k), bool)
    inside[chosen] = True
    own = k[np.ix_(inside, inside)]
    return k[np.ix_(~inside, inside)].sum() - weight * (own.sum() - np.trace(own)) / 2


def compared(x, rows, components=64):
    """Where a choice by rbf compares rows: less their mean, by principal components, of length 1 again."""
    mean = x[rows].mean(0)
    variance, axes = np.linalg.eigh((x[rows] - mean).T @ (x[rows] - mean))
    space = (x - mean) @ axes[:, -components:]
    space /= np.linalg.norm(space, axis=1, keepdims=True)
    space[~x.any(1)] = 0
    return space, variance[-components:].sum() / variance.sum()


def greedy(k, size, weight, barred):
    best, gains = [], k.sum(1) - np.diag(k)
    gains[barred] = -np.inf
    for _ in range(size):
        i = int(gains.argmax())
        best.append(i)
        gains -= (2 + weight) * k[i]
        gains[i] = -np.inf
    return best


def gains_of(k, order, weight):
    gains, out = k.sum(1) - np.diag(k), []
    for i in order:
        out.append(gains[i])
        gains -= (2 + weight) * k[i]
    return np.array(out)


def main():
    results = []

    def ok(passed, name):
        results.append(passed)
        print(f"{'ok' if passed else 'not ok'} {len(results)} - {name}")

    with tempfile.TemporaryDirectory(prefix="winnow-test.") as folder:
        rows, out = os.path.join(folder, "rows.jsonl"), os.path.join(folder, "out")
        write_rows(rows)
        subprocess.run([sys.argv[1], "run", rows, "-k", "10%", "--id-field", "id", "--label-field", "label",
                        "--labels", "ignore", "-q", "-o", out], check=True)
        with open(os.path.join(out, "manifest.json"), encoding="utf-8") as f:
            manifest = json.load(f)
        selection, curves = manifest["selection"], manifest["curves"]
        a = anndata.read_h5ad(os.path.join(out, "selection.h5ad"))
        x, obs, uns = np.asarray(a.X, np.float64), a.obs, a.uns["winnow"]
        chosen = np.asarray(uns["selection"])
        ok(a.shape[0] == 700 and list(obs.index[:2]) == ["r0", "r1"], "anndata reads it: rows and ids")
        ok(set(obs["label"]) == {"k0", "k1", "k2"} and obs["source"].iloc[0] == rows,
           "labels and sources are categories")
        with open(rows, "rb") as f:
            raw = f.read()
        at = obs.iloc[123]
        ok(json.loads(raw[at["offset"]:at["offset"] + at["length"]])["id"] == "r123",
           "offset and length find the record")
        ok((np.flatnonzero(obs["selected"]) == np.sort(chosen)).all() and
           (obs["rank"].to_numpy()[chosen] == np.arange(1, len(chosen) + 1)).all() and
           (obs["rank"] == -1).sum() == 700 - len(chosen), "selected, rank and uns/selection agree")

        norm = np.linalg.norm(x, axis=1)
        zero = norm == 0
        ok(np.abs(norm[~zero] - 1).max() < 1e-6 and zero.sum() == manifest["counts"]["zero_vectors"] == 7,
           "rows are normalised, zero rows counted")
        copy_of = obs["copy_of"].to_numpy()
        kept = copy_of == np.arange(700)
        ok((~kept).sum() == manifest["counts"]["copies_dropped"] == 20 and (x[copy_of] == x).all(),
           "copies are found in spite of case and space, and carry the kept vector")

        cos = x @ x[chosen].T
        nearest, by, sim = cos.max(1), obs["represented_by"].to_numpy(), obs["represented_sim"].to_numpy()
        ok(np.abs(nearest - sim)[~zero].max() < 1e-5, "represented_sim is the cosine to the nearest chosen row")
        ok((by[zero] == -1).all() and (by[~zero] >= 0).all(),
           "nothing stands for a zero vector, and something for the rest")
        ok(np.abs(np.einsum("ij,ij->i", x[~zero], x[by[~zero]]) - nearest[~zero]).max() < 1e-5,
           "represented_by is such a row")
        ok(abs(np.where(zero, 0, nearest).mean() - selection["coverage"]) < 1e-5, "coverage is its mean")
        half = len(curves["k"]) // 2
        prefix = np.where(zero, 0, (x @ x[chosen[:curves["k"][half]]].T).max(1)).mean()
        ok(abs(prefix - curves["coverage"][half]) < 1e-5, "also of a smaller budget")

        space, share = compared(x, kept & ~zero)
        ok(abs(share - selection["variance_explained"]) < 1e-6, "the share of variance in 64 components")
        k = np.exp(selection["gamma"] * (space[kept] @ space[kept].T - 1))
        place = np.cumsum(kept) - 1
        value = graph_cut(k, place[chosen], selection["lambda"])
        ok(abs(value - selection["value"]) < 1e-4 * abs(value), "the objective is f(S) by its definition")
        ok(abs(sum(obs["gain"].to_numpy()[chosen]) - selection["value"]) < 1e-6 * abs(value),
           "and the sum of the gains")
        best = greedy(k, len(chosen), selection["lambda"], zero[kept])
        ok(sorted(best) == sorted(place[chosen]), "a naive greedy in double precision picks the same rows")
        off = np.abs(gains_of(k, place[chosen], selection["lambda"]) - obs["gain"].to_numpy()[chosen]).max()
        ok(off < 1e-5 * k.sum(1).max(), "and each has the gain of its place")
        rng = np.random.default_rng(0)
        random_values = [graph_cut(k, rng.choice(len(k), len(chosen), replace=False), selection["lambda"])
                         for _ in range(60)]
        error = np.std(random_values) / np.sqrt(60) + 0.02 * abs(np.mean(random_values))
        ok(abs(np.mean(random_values) - curves["value_random"][-1]) < 4 * error,
           "the random curve is what random gives")
        with h5py.File(os.path.join(out, "selection.h5ad")) as f:
            ok(f["X"].fletcher32 and f.attrs["encoding-type"] == "anndata",
               "X has checksums, and the file says what it is")
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
