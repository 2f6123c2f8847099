# doc2vec against gensim: words/s of training, both modes, and retrieval of a review's second half by its first.
# python: gensim
"""usage: bench/run doc2vec [--data ../shared/data] [--rounds 5] [--seeds 3] [--epochs 20]"""
import argparse
import gzip
import json
import os
import re
import subprocess
import tempfile
import time

import numpy as np
from gensim.models.doc2vec import Doc2Vec, TaggedDocument

REVIEWS = 2000

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("--data", default=os.environ.get("WINNOW_DATA", "../shared/data"))
parser.add_argument("--rounds", type=int, default=5, help="rounds in turn, the best of each side counts")
parser.add_argument("--seeds", type=int, default=3)
parser.add_argument("--epochs", type=int, default=20)
args = parser.parse_args()


def halves():
    first, second = [], []
    with gzip.open(os.path.join(args.data, "imdb", "train.jsonl.gz"), "rt", encoding="utf-8") as f:
        for line, _ in zip(f, range(REVIEWS)):
            words = re.findall(r"\w+", json.loads(line)["text"].lower().replace("<br />", " "))
            first.append(words[: len(words) // 2])
            second.append(words[len(words) // 2 :])
    return first, second


def mean_reciprocal_rank(docs, queries):
    docs = docs / np.linalg.norm(docs, axis=1, keepdims=True)
    queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    scores = queries @ docs.T
    return float((1 / (scores >= np.diag(scores)[:, None]).sum(1)).mean())


def theirs(first, second, mode, seed, score):
    model = Doc2Vec(vector_size=100, window=5, min_count=2, epochs=args.epochs, dm=int(mode == "dm"), seed=seed,
                    workers=1)
    tagged = [TaggedDocument(words, [i]) for i, words in enumerate(first)]
    model.build_vocab(tagged)
    start = time.perf_counter()
    model.train(tagged, total_examples=model.corpus_count, epochs=args.epochs)
    seconds = time.perf_counter() - start
    mrr = mean_reciprocal_rank(model.dv.vectors, np.array([model.infer_vector(q) for q in second])) if score else None
    return seconds, mrr


def ours(folder, mode, threads, seed, score):
    command = [os.path.join(os.environ["WINNOW_BENCH_BIN"], "bench_doc2vec"), mode, str(threads), str(seed),
               str(args.epochs),
               os.path.join(folder, "first.txt")]
    if score:
        command.append(os.path.join(folder, "second.txt"))
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return float(out[out.index("seconds") + 1]), float(out[out.index("mrr") + 1]) if score else None


def main():
    first, second = halves()
    words = sum(map(len, first)) * args.epochs
    print(f"{REVIEWS} first halves of reviews, {words // args.epochs} words, {args.epochs} epochs, 100 dimensions")
    print("winnow: from text to vectors, words read included; gensim: train() alone, words already split\n")
    print(f"{'mode':5} {'side':18} {'M words/s':>9} {'ratio':>6}   retrieval MRR by seed (mean)")
    with tempfile.TemporaryDirectory() as folder:
        for name, part in (("first", first), ("second", second)):
            with open(os.path.join(folder, name + ".txt"), "w", encoding="utf-8") as f:
                f.writelines(" ".join(t) + "\n" for t in part)
        for mode in ("dbow", "dm"):
            best = {"gensim": 1e30, 1: 1e30, 2: 1e30}
            mrr = {"gensim": [], 1: []}
            for i in range(max(args.rounds, args.seeds)):
                score = i < args.seeds
                seconds, value = theirs(first, second, mode, i + 1, score)
                best["gensim"] = min(best["gensim"], seconds)
                mrr["gensim"].append(value)
                for threads in (1, 2, 1, 2):
                    seconds, value = ours(folder, mode, threads, i + 1, score and threads == 1)
                    best[threads] = min(best[threads], seconds)
                mrr[1].append(ours(folder, mode, 1, i + 1, True)[1] if score else None)
            for side, label, base in (("gensim", "gensim, 1 worker", "gensim"), (1, "winnow, 1 thread", "gensim"),
                                      (2, "winnow, 2 threads", 1)):
                values = [v for v in mrr.get(side, []) if v is not None]
                scores = "the same bytes"
                if values:
                    scores = " ".join(f"{v:.3f}" for v in values) + f" ({np.mean(values):.4f})"
                ratio = best[base] / best[side]
                print(f"{mode:5} {label:18} {words / best[side] / 1e6:9.2f} {ratio:6.2f}   {scores}")
    print("\nratio: winnow at one thread to gensim; two threads to one")


main()
