# python: numpy h5py
"""Peak memory of every command that takes --memory, against what was promised, on inputs that are made here.

usage: bench/run memory [--data FOLDER] [NAME...]
A row passes when the command ends well with a peak of at most the promise + 64 MiB (program, libraries, stacks), or is
refused with exit code 4 and one line, before that peak. Anything else is a FAIL and exit code 1. The peak is that of
the command, or of it and the processes that it started together where that is more. NAME: only the cases whose name
holds it; --data keeps the inputs there for the next time. Cases with a model want all-MiniLM-L6-v2.
"""
import argparse
import gzip
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time

SLACK = 64 << 20
MIB = 1 << 20


# ---- inputs: each writes a file of the given name ----

def words(path, rows, length, vocabulary, form=" ".join, open_=open):
    draw = random.Random(1)
    with open_(path, "wt") as f:
        for _ in range(rows):
            f.write(form(["w%d" % draw.randrange(vocabulary) for _ in range(length)]) + "\n")


def repeated(path, line, times, open_=open):
    block = line * 10000
    with open_(path, "wb") as f:
        for _ in range(times // 10000):
            f.write(block)


def titled(path, mode):
    f = open(path, mode)
    f.write("text,label\n")
    return f


def numbered(path, rows, template, head=""):
    with open(path, "w") as f:
        f.write(head)
        for i in range(rows):
            f.write(template % {"i": i, "w": i * 7919 % 5000, "v": i * 104729 % 7000} + "\n")


def matrix(path, rows, cols):
    """A .npy file of floats, written by rows so that this process stays small."""
    draw = random.Random(2)
    head = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }" % (rows, cols)
    head += " " * ((54 - len(head)) % 64) + "\n"
    base = [draw.gauss(0, 1) for _ in range(4096 + cols)]
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
        for i in range(rows):
            at = i * 31 % 4096
            row = base[at:at + cols]
            row[i % cols] += 3 + i % 7
            row[i // cols % cols] -= 2
            f.write(struct.pack("<%df" % cols, *row))


def zstd(path, source, *options):
    """From a pipe: without a known length the window is as large as was asked for."""
    with open(source, "rb") as f, open(path, "wb") as to:
        subprocess.run(["zstd", "-q", "-c", *options], stdin=f, stdout=to, check=True)


def hdf5(path, rows, cols, kind="f4", **layout):
    """A dataset X of any layout; `filled` by blocks of rows."""
    import h5py
    import numpy
    draw = numpy.random.default_rng(3)
    with h5py.File(path, "w") as f:
        x = f.create_dataset("X", (rows, cols), kind, **layout)
        step = layout.get("chunks", (1000,))[0]
        for at in range(0, rows, step):
            x[at:at + step] = draw.standard_normal((min(step, rows - at), cols)).astype(kind)


def npz(path, **named):
    import numpy
    draw = numpy.random.default_rng(4)
    with open(path, "wb") as f:
        numpy.savez_compressed(f, **{n: draw.standard_normal(s).astype("f4") for n, s in named.items()})


def made(path, command):
    """By winnow itself, from another input."""
    line = [need(a[1:]) if a.startswith("@") else a.replace("OUT", path) for a in command.split()]
    subprocess.run([winnow, *line, "-q", "-f"], check=True, stdout=subprocess.DEVNULL)


SHARDS = ["shard%02d.h5" % i for i in range(40)]
INPUTS = {
    "vocab.txt": lambda p: words(p, 60000, 30, 600000),
    "rec.jsonl.gz": lambda p: repeated(p, b'{"text":"a"}\n', 50000000, gzip.open),
    "small.txt": lambda p: words(p, 20000, 12, 800),
    "prose.txt": lambda p: words(p, 30000, 60, 20000),
    "long.jsonl": lambda p: words(p, 6, 3000000, 50000, lambda w: '{"text":"%s"}' % " ".join(w)),
    "tiny.txt": lambda p: repeated(p, b"a\n", 6000000),
    "labels.jsonl": lambda p: numbered(p, 700000, '{"text":"t%(w)d u%(v)d","c":"label %(i)d of its own"}'),
    "ids.jsonl": lambda p: numbered(p, 200000, '{"id":"' + "x" * 400 + '%(i)d","text":"t%(w)d u%(v)d"}'),
    "quoted.csv": lambda p: words(p, 4, 4000000, 50000, lambda w: '"%s",1' % " ".join(w), titled),
    "rows.csv": lambda p: numbered(p, 300000, '"t%(w)d, u%(v)d","c%(w)d"', "text,label\n"),
    "window.txt.zst": lambda p: zstd(p, need("prose.txt"), "--long=27", "-1"),
    "tall.npy": lambda p: matrix(p, 400000, 16),
    "wide.npy": lambda p: matrix(p, 6000, 3000),
    "square.npy": lambda p: matrix(p, 20000, 64),
    "short.txt": lambda p: words(p, 1500, 12, 3000),
    "lsa.enc": lambda p: made(p, "embed @prose.txt --dims 600 --save-encoder OUT -o OUT.h5ad"),
    "d2v.enc": lambda p: made(p, "embed @vocab.txt --limit 20000 --encoder doc2vec --epochs 1 --min-count 1 "
                                 "--save-encoder OUT -o OUT.h5ad"),
    "ids.h5ad": lambda p: made(p, "embed @ids.jsonl --id-field id --dims 8 -o OUT"),
    "labels.h5ad": lambda p: made(p, "embed @labels.jsonl --label-field c --dims 8 -o OUT"),
    "classes.h5ad": lambda p: made(p, "embed @rows.csv --limit 100000 --label-field label --dims 256 -o OUT"),
    "square.h5": lambda p: hdf5(p, 20000, 256, chunks=(500, 256), compression="gzip", compression_opts=1),
    "chunk.h5": lambda p: hdf5(p, 40000, 2000, chunks=(40000, 2000), compression="gzip", compression_opts=1),
    "double.h5": lambda p: hdf5(p, 40000, 500, "f8"),
    "fields.npz": lambda p: npz(p, X=(60000, 500)),
    "bigids.jsonl": lambda p: numbered(p, 3000, '{"id":"' + "y" * 100000 + '%(i)d","text":"t%(w)d u%(v)d"}'),
    "bigids.h5ad": lambda p: made(p, "embed @bigids.jsonl --id-field id --dims 8 -o OUT"),
    **{name: lambda p: hdf5(p, 500, 64) for name in SHARDS},
}
folder = None


def need(name):
    path = os.path.join(folder, name)
    if os.path.exists(path):
        return path
    child = os.fork()  # a program's peak begins with that of the process that started it: this one stays small
    if child == 0:
        INPUTS[name](path + ".part")
        os.rename(path + ".part", path)
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit(f"{name} cannot be made")
    return path


# ---- cases: name, promises in MiB, command; @NAME is an input ----

MINI = "--model all-MiniLM-L6-v2"
CASES = [
    ("embed, 600,000 words", (300, 2000), "embed @vocab.txt -o OUT.h5ad"),
    ("run, 50,000,000 rows in gzip", (200,), "run @rec.jsonl.gz -k 10 -o OUT"),
    ("run, a pipe without end", (200,), "yes | run - --format txt -k 10 -o OUT"),
    ("embed, small vocabulary", (40, 150, 400), "embed @small.txt -o OUT.h5ad"),
    ("run, small vocabulary", (60, 150, 400), "run @small.txt -k 100 -o OUT"),
    ("embed, prose", (100, 300, 1000), "embed @prose.txt -o OUT.h5ad"),
    ("embed, 1,000 dimensions", (300, 800, 2500), "embed @prose.txt --dims 1000 -o OUT.h5ad"),
    ("embed, dims beyond rows", (60, 400), "embed @short.txt --dims 1500 --min-df 1 -o OUT.h5ad"),
    ("embed, six texts of 20 MB", (100, 250, 900), "embed @long.jsonl --min-df 1 -o OUT.h5ad"),
    ("dedup, six texts of 20 MB", (100, 400), "dedup @long.jsonl -o OUT"),
    ("dedup, 6,000,000 tiny rows", (200, 500, 1500), "dedup @tiny.txt -o OUT"),
    ("run, 700,000 labels", (100, 300, 700), "run @labels.jsonl --label-field c -k 20 --objective random -o OUT"),
    ("run, by 5,000 classes", (100, 300, 900), "run @rows.csv --label-field label -k 10% -o OUT"),
    ("select, by 5,000 classes", (150, 400, 1000),
     "select @classes.h5ad --objective class-herding --no-records -k 10% -o OUT"),
    ("dedup, 700,000 labels", (100, 300, 700), "dedup @labels.jsonl -o OUT"),
    ("dedup, long ids", (100, 200, 400), "dedup @ids.jsonl --id-field id -o OUT"),
    ("dedup, cells of 28 MB in csv", (80, 250, 600), "dedup @quoted.csv -o OUT"),
    ("dedup, rows of csv", (60, 120, 400), "dedup @rows.csv -o OUT"),
    ("dedup, a zstd window of 128 MB", (60, 150, 500), "dedup @window.txt.zst -o OUT"),
    ("embed, doc2vec", (80, 200, 600), "embed @prose.txt --encoder doc2vec --epochs 1 -o OUT.h5ad"),
    ("embed, doc2vec, 600,000 words", (200, 400, 2000),
     "embed @vocab.txt --encoder doc2vec --epochs 1 --min-count 1 -o OUT.h5ad"),
    ("embed, a model", (200, 300, 600), f"embed @short.txt {MINI} -o OUT.h5ad"),
    ("embed, a model, all layers", (200, 300, 600), f"embed @short.txt {MINI} --all-layers -o OUT.h5ad"),
    ("run, a model", (200, 300, 600), f"run @short.txt {MINI} -k 30 -o OUT"),
    ("dedup 0.9", (100, 300, 800), "dedup @small.txt --dedup 0.9 -o OUT"),
    ("dedup 0.9, a matrix", (40, 80, 200), "dedup @square.npy --dedup 0.9 -o OUT"),
    ("graph, tall", (60, 100), "graph @tall.npy -K 5 -o OUT.h5ad"),
    ("graph, wide", (60, 120, 300), "graph @wide.npy -K 10 -o OUT.h5ad"),
    ("graph, K 1,000", (60, 200, 600), "graph @square.npy -K 1000 -o OUT.h5ad"),
    ("graph, K 1,000, ann-benchmarks", (60, 200, 600), "graph @square.npy -K 1000 --export ann-benchmarks -o OUT.h5"),
    ("select, graph cut", (60, 100, 300), "select @square.npy -k 50 -o OUT"),
    ("select, facility location", (60, 100, 300), "select @square.npy -k 50 --objective facility-location -o OUT"),
    ("select, dense", (60, 1000, 2000), "select @square.npy -k 50 --maximizer dense -o OUT"),
    ("select, wide", (60, 120, 300), "select @wide.npy -k 50 -o OUT"),
    ("embed, a model, int8", (200, 300, 600), f"embed @short.txt {MINI} --precision int8 -o OUT.h5ad"),
    ("embed, a model, int16", (200, 300, 600), f"embed @short.txt {MINI} --precision int16 -o OUT.h5ad"),
    ("embed, a model, verified", (200, 300, 600), f"embed @short.txt {MINI} --precision int8 --verify 50 -o OUT.h5ad"),
    ("embed, a model, six long texts", (200, 400), f"embed @long.jsonl {MINI} -o OUT.h5ad"),
    ("embed, lsa loaded", (60, 100, 300), "embed @prose.txt --load-encoder @lsa.enc -o OUT.h5ad"),
    ("run, lsa loaded", (60, 100, 300), "run @prose.txt --load-encoder @lsa.enc -k 50 -o OUT"),
    ("embed, doc2vec loaded", (100, 300, 600),
     "embed @prose.txt --encoder doc2vec --load-encoder @d2v.enc -o OUT.h5ad"),
    ("run, facility location", (60, 200), "run @small.txt -k 50 --objective facility-location -o OUT"),
    ("run, long ids", (100, 200, 400), "run @ids.jsonl --id-field id -k 50 --objective random -o OUT"),
    ("select, random", (60, 100), "select @tall.npy -k 50 --objective random -o OUT"),
    ("select, long ids in h5ad", (60, 150, 400), "select @ids.h5ad -k 50 --objective random -o OUT"),
    ("select, 700,000 labels in h5ad", (60, 200, 600), "select @labels.h5ad -k 50 --objective random -o OUT"),
    ("dedup 0.9, long ids in h5ad", (60, 150, 400), "dedup @ids.h5ad --dedup 0.9 -o OUT"),
    ("select, hdf5", (40, 80, 200), "select @square.h5 -k 50 -o OUT"),
    ("graph, hdf5", (40, 80, 200), "graph @square.h5 -K 10 -o OUT.h5ad"),
    ("graph, long ids in h5ad", (60, 150, 400), "graph @ids.h5ad -K 2 -o OUT.h5ad"),
    ("dedup 0.9, hdf5", (40, 80, 200), "dedup @square.h5 --dedup 0.9 -o OUT"),
    ("select, a chunk of 320 MB", (100, 400, 1000), "select @chunk.h5 -k 50 --objective random -o OUT"),
    ("select, ids of 100 KB in h5ad", (100, 400, 700, 1200), "select @bigids.h5ad -k 50 --objective random -o OUT"),
    ("graph, ids of 100 KB in h5ad", (400, 700, 1200), "graph @bigids.h5ad -K 5 -o OUT.h5ad"),
    ("select, 40 files", (60, 150, 300), "select @" + " @".join(SHARDS) + " -k 50 --objective random -o OUT"),
    ("select, doubles", (60, 150, 300), "select @double.h5 -k 50 --objective random -o OUT"),
    ("select, npz", (60, 150, 300), "select @fields.npz -k 50 --objective random -o OUT"),
]


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(c) for c in f.read().split()]
    except OSError:
        return []


def proportional(pid):
    """Resident bytes; pages that a process shares with its child count once in the sum."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            return sum(int(line.split()[1]) for line in f if line.startswith("Pss:")) * 1024
    except OSError:
        return 0


def watch(pid, over, most):
    """Peak of the process and its children together, sampled while there are any."""
    while not over.wait(0.002):
        family = children(pid)
        if family:
            most[0] = max(most[0], sum(proportional(p) for p in [pid, *family]))


def measure(command, promise, out):
    """exit code (negative: a signal), peak in bytes, seconds, last lines of what was said"""
    endless = command.startswith("yes | ")
    line = [winnow] + [need(a[1:]) if a.startswith("@") else a.replace("OUT", out)
                       for a in command.removeprefix("yes | ").split()]
    line += ["-q", "-f", "--memory", f"{promise}M"]
    feeder = subprocess.Popen(["yes"], stdout=subprocess.PIPE) if endless else None
    start = time.time()
    child = subprocess.Popen(line, stdin=feeder.stdout if feeder else subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True)
    if feeder:
        feeder.stdout.close()
    over, together = threading.Event(), [0]
    watcher = threading.Thread(target=watch, args=(child.pid, over, together))
    watcher.start()
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    over.set()
    watcher.join()
    if feeder:
        feeder.kill()
        feeder.wait()
    return child.returncode, max(usage.ru_maxrss * 1024, together[0]), time.time() - start, said.strip()


def verdict(code, peak, promise, said):
    if peak > promise * MIB + SLACK:
        return "FAIL"
    if code == 0:
        return "pass"
    return "refused" if code == 4 and "\n" not in said and "Try " in said else "FAIL"


def main():
    global folder, winnow
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--data")
    parser.add_argument("names", nargs="*")
    o = parser.parse_args()
    winnow = os.path.join(os.environ["WINNOW_BENCH_BIN"], "winnow")
    scratch = tempfile.mkdtemp(prefix="winnow-memory-")
    folder = o.data or scratch
    os.makedirs(folder, exist_ok=True)
    counts = {"pass": 0, "refused": 0, "FAIL": 0}
    print(f"{'case':<36} {'promise':>8} {'peak':>9} {'of it':>6} {'time':>7}  verdict", flush=True)
    try:
        for name, promises, command in CASES:
            if o.names and not any(n in name for n in o.names):
                continue
            for promise in promises:
                code, peak, seconds, said = measure(command, promise, os.path.join(scratch, "out"))
                found = verdict(code, peak, promise, said)
                counts[found] += 1
                share = peak / (promise * MIB)
                print(f"{name:<36} {promise:>4} MiB {peak / MIB:>5.0f} MiB {share:>6.2f} {seconds:>5.1f} s  {found}"
                      + (f" ({code}: {said[-160:]})" if found == "FAIL" else ""), flush=True)
                shutil.rmtree(os.path.join(scratch, "out"), ignore_errors=True)
    finally:
        shutil.rmtree(scratch)
    print(", ".join(f"{n} {what}" for what, n in counts.items()))
    return counts["FAIL"] > 0


sys.exit(main())
