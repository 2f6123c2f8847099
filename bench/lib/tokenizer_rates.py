"""Tokenizing on one thread against the Rust tokenizers: tokens/s and equal ids.

usage: bench/run tokenize [--data ../shared/data] [--rounds 3] [--quick]"""
import argparse
import os
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
import texts as sets  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("--data", default=os.environ.get("WINNOW_DATA", "../shared/data"))
parser.add_argument("--rounds", type=int, default=3, help="rounds in turn, the best of each side counts")
parser.add_argument("--quick", action="store_true", help="a few texts only")
models = os.environ.get("WINNOW_MODELS", os.path.expanduser("~/.cache/winnow/models"))
parser.add_argument("--model", default=os.path.join(models, "sentence-transformers", "all-MiniLM-L6-v2"))
args = parser.parse_args()


def ours(path):
    command = [os.path.join(os.environ["WINNOW_BENCH_BIN"], "bench_tokenize"), args.model, path, "3"]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return int(out[1]), float(out[3]), int(out[5])


def main():
    reference = Tokenizer.from_file(os.path.join(args.model, "tokenizer.json"))
    reference.no_padding()
    reference.no_truncation()
    failed = False
    print(f"{'texts':10} {'tokens':>8} {'tokenizers M/s':>15} {'winnow M/s':>11} {'ratio':>6}  ids")
    with tempfile.TemporaryDirectory() as folder:
        for name, texts in sets.load(args.data, args.quick).items():
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8", newline="\n") as f:
                f.writelines(t + "\n" for t in texts)
            theirs, mine = 1e30, 1e30
            for _ in range(args.rounds):
                start = time.perf_counter()
                encoded = reference.encode_batch(texts)
                theirs = min(theirs, time.perf_counter() - start)
                tokens, seconds, checksum = ours(path)
                mine = min(mine, seconds)
            want = sum(len(e.ids) for e in encoded), sum(sum(e.ids) for e in encoded)
            equal = want == (tokens, checksum)
            failed |= not equal
            print(f"{name:10} {tokens:8} {want[0] / theirs / 1e6:15.2f} {tokens / mine / 1e6:11.2f} "
                  f"{theirs / mine:6.1f}  {'equal' if equal else 'DIFFER'}")
    sys.exit(failed)


main()
