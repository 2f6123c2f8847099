# Encoding with all-MiniLM-L6-v2, text to HDF5: winnow against sentence-transformers, onnxruntime and OpenVINO.
# python: numpy h5py torch transformers sentence-transformers onnx onnxscript onnxruntime openvino
"""usage: bench/run embed [--quick] [--rounds 3] [--sets stories,reviews,sentences] [--every N]
                       [--precisions f32,bf16,f16,int16,int8] [--peers ...] [--model DIR]

Every side is a whole process from a file of texts to vectors in a file, in turn, the best of the rounds counts;
"inner" is the encoding without start-up. ratio: winnow f32's speed to that side's, of the whole process and of the
encoding. With --every N each N-th text only: sides take turns sooner, which a machine whose speed changes by the minute
asks for, but start-up counts for more of a process, so compare the encoding. Then what the layers' matrix products
alone take and reach, against the plain f32 products of OpenBLAS in the same run."""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "lib"))
import texts as sets  # noqa: E402

PEERS = ["sentence-transformers", "onnxruntime", "openvino", "onnxruntime-int8"]
parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("--data", default=os.environ.get("WINNOW_DATA", "../shared/data"))
parser.add_argument("--quick", action="store_true", help="a few texts, one round")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--sets", default="stories,reviews,sentences")
parser.add_argument("--every", type=int, default=1, metavar="N")
parser.add_argument("--precisions", default="f32,bf16,f16,int16,int8",
                    help="those that this processor lacks are left out")
parser.add_argument("--peers", default=",".join(PEERS))
models = os.environ.get("WINNOW_MODELS", os.path.expanduser("~/.cache/winnow/models"))
parser.add_argument("--model", default=os.path.join(models, "sentence-transformers", "all-MiniLM-L6-v2"))
args = parser.parse_args()
rounds = 1 if args.quick else args.rounds
winnow = os.path.join(os.environ["WINNOW_BENCH_BIN"], "winnow")


def products(precision, tokens):
    """What one thread does on texts of so many tokens: the share of time of the layers' products, and their rate."""
    program = os.path.join(os.environ["WINNOW_BENCH_BIN"], "bench_bert")
    done = subprocess.run([program, args.model, precision, str(tokens), "20"], stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def run(side, path, out, work):
    if side.startswith("winnow "):
        command = [winnow, "embed", path, "--format", "txt", "--model", args.model, "--precision", side.split()[1],
                   "-f", "-o", out]
    else:
        command = [sys.executable, os.path.join(here, "lib", "embed_peer.py"), side, args.model, work, path, out]
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        return None, None, done.stderr.strip().split("\n")[-1]
    inner = re.search(r"^inner \d+ ([\d.]+)", done.stdout, re.M)
    ours = re.search(r"([\d ,]+) tokens in [\d.]+ s: ([\d ]+) tokens/s", done.stdout + done.stderr)
    if inner:
        return seconds, ("seconds", float(inner.group(1))), None
    return seconds, ("rate", float(ours.group(2).replace(" ", ""))) if ours else None, None


def vectors(out):
    with h5py.File(out) as h:
        x = h["X"][:]
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-30)


def measure(name, texts, sides, work):
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(os.path.join(args.model, "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    lengths = [len(e.ids) for e in tokenizer.encode_batch(texts)]
    tokens = sum(lengths)
    path = os.path.join(work, name + ".txt")
    with open(path, "w", encoding="utf-8", newline="\n") as f:
        f.writelines(t + "\n" for t in texts)
    best, inner, why = {}, {}, {}
    for _ in range(rounds):
        for side in sides:
            if side in why:
                continue
            seconds, inside, problem = run(side, path, os.path.join(work, side.replace(" ", "_") + ".h5ad"), work)
            if problem:
                why[side] = problem
                continue
            best[side] = min(best.get(side, 1e30), seconds)
            if inside:
                rate = tokens / inside[1] if inside[0] == "seconds" else inside[1]
                inner[side] = max(inner.get(side, 0), rate)
    reference = vectors(os.path.join(work, "winnow_f32.h5ad"))
    print(f"\n{name}: {len(texts)} texts, {tokens} tokens, {tokens / len(texts):.0f} a text")
    print(f"  {'side':24} {'process s':>9} {'tokens/s':>9} {'ratio':>6} {'inner':>9} {'ratio':>6} {'min cosine':>10}")
    for side in sides:
        if side in why:
            print(f"  {side:24} left out: {why[side][:110]}")
            continue
        cosine = (vectors(os.path.join(work, side.replace(" ", "_") + ".h5ad")) * reference).sum(1).min()
        print(f"  {side:24} {best[side]:9.2f} {tokens / best[side]:9.0f} {best[side] / best['winnow f32']:6.2f}",
              end=" ")
        print(f"{inner[side]:9.0f} {inner['winnow f32'] / inner[side]:6.2f} {cosine:10.6f}")
    for side in sides:
        if side.startswith("winnow ") and side not in why:
            print("  one thread, " + products(side.split()[1], round(tokens / len(texts))))


def main():
    precisions = dict.fromkeys(["f32", *args.precisions.split(",")])
    sides = ["winnow " + p for p in precisions] + [p for p in args.peers.split(",") if p]
    with tempfile.TemporaryDirectory() as work:
        if any(s.startswith(("onnx", "openvino")) for s in sides):
            export = [sys.executable, os.path.join(here, "lib", "embed_peer.py"), "export", args.model, work, "-", "-"]
            done = subprocess.run(export, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if done.returncode:
                print("the model could not be exported to ONNX: " + done.stdout.strip().split("\n")[-1])
        loaded = sets.load(args.data, args.quick)
        for name in args.sets.split(","):
            measure(name, loaded[name][:: args.every], sides, work)


main()
