"""usage: bench/run before_after OLD [--rounds 5] [--only NAME,...] [--rows 20000] [--texts 400] [--bar 0.98]

Two winnow programs on the same jobs, in turn, the best of the rounds counts: OLD, say of the commit before, and the one
of this tree. The jobs are whole processes: the main job on WordNet's glosses with LSA, the LSA and the doc2vec vectors
of the glosses, all-MiniLM-L6-v2 in f32 and int16 on the first stories, and row sums over rbf (select on vectors made
here). A job whose data or model is missing is left out. ratio is old / new: above 1 the new one is faster, by the clock
and by processor time, which other work on the machine disturbs less. With --bar the exit code is 1 where both are below
it."""
import argparse
import array
import csv
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("old")
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--only", default="")
parser.add_argument("--rows", type=int, default=20000)
parser.add_argument("--texts", type=int, default=400)
parser.add_argument("--bar", type=float)
args = parser.parse_args()


def write_vectors(path, rows, columns=128, clusters=50):
    """Vectors around some centres, as .npy (version 1.0) of float32."""
    rng = random.Random(7)
    centres = [[rng.gauss(0, 1) for _ in range(columns)] for _ in range(clusters)]
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode())
        for i in range(rows):
            centre = centres[i % clusters]
            array.array("f", [x + rng.random() * 2 - 1 for x in centre]).tofile(f)


def write_stories(path):
    """The stories' four sentences as one text each; False where the data is not there."""
    data = os.environ.get("WINNOW_DATA", "../shared/data")
    name = os.path.join(data, "story_cloze", "cloze_test_val__spring2016.csv")
    if not os.path.exists(name):
        return False
    with open(name, encoding="utf-8", newline="") as f, open(path, "w", encoding="utf-8") as out:
        for row in csv.DictReader(f):
            out.write(json.dumps({"text": " ".join(row[f"InputSentence{i}"] for i in range(1, 5))}) + "\n")
    return True


def write_glosses(path):
    with open(path, "w", encoding="utf-8") as out:
        return subprocess.run(["tools/wordnet-jsonl"], stdout=out, stderr=subprocess.DEVNULL).returncode == 0


def jobs(folder):
    """(name, arguments) of each job whose data is here."""
    glosses, stories, vectors = (os.path.join(folder, x) for x in ("glosses.jsonl", "stories.jsonl", "vectors.npy"))
    found = []
    if write_glosses(glosses):
        found.append(("run", ["run", glosses, "--id-field", "id", "--label-field", "label", "-k", "2%"]))
        found.append(("lsa", ["embed", glosses]))
        found.append(("doc2vec", ["embed", glosses, "--encoder", "doc2vec", "--epochs", "2"]))
    if write_stories(stories):
        for precision in ("f32", "int16"):
            model = ["--model", "all-MiniLM-L6-v2", "--precision", precision]
            found.append(("encoder " + precision, ["embed", stories, "--limit", str(args.texts), *model]))
    write_vectors(vectors, args.rows)
    found.append(("row sums", ["select", vectors, "-k", "100", "--gamma", "5", "--maximizer", "matrix-free"]))
    return found


def spent():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def timed(program, arguments, folder):
    """(seconds, processor seconds) of one process, or None where it fails."""
    out = os.path.join(folder, "out")
    if os.path.isdir(out):
        shutil.rmtree(out)
    begin, before = time.perf_counter(), spent()
    done = subprocess.run([program, *arguments, "-q", "-f", "-o", out], stderr=subprocess.PIPE, text=True)
    took = time.perf_counter() - begin, spent() - before
    if os.path.isfile(out):
        os.unlink(out)
    if done.returncode:
        print(f"{' '.join(arguments[:2])}: {done.stderr.strip()}", file=sys.stderr)
        return None
    return took


def compare(name, arguments, folder):
    """Prints one row; True where old / new is at least the bar, by the clock or by processor time."""
    new = os.path.join(os.environ["WINNOW_BENCH_BIN"], "winnow")
    took = {args.old: [], new: []}
    for i in range(args.rounds):
        for program in (args.old, new) if i % 2 else (new, args.old):  # neither is always the first
            one = timed(program, arguments, folder)
            if one is None:
                print(f"{name:14}  left out: it fails")
                return True
            took[program].append(one)
    old, new = ([min(column) for column in zip(*took[program])] for program in (args.old, new))
    ratios = [a / b for a, b in zip(old, new)]
    print(f"{name:14}{old[0]:9.2f}{new[0]:9.2f}{ratios[0]:8.3f}{old[1]:12.2f}{new[1]:9.2f}{ratios[1]:8.3f}", flush=True)
    return args.bar is None or max(ratios) >= args.bar


def main():
    only = [x for x in args.only.split(",") if x]
    with tempfile.TemporaryDirectory(prefix="winnow-bench.") as folder:
        chosen = [job for job in jobs(folder) if not only or job[0] in only]
        print(f"best of {args.rounds}     seconds of the clock       seconds of processors")
        print(f"{'job':14}{'old':>9}{'new':>9}{'ratio':>8}{'old':>12}{'new':>9}{'ratio':>8}")
        fast = [compare(name, arguments, folder) for name, arguments in chosen]
    return 0 if all(fast) else 1


sys.exit(main())
