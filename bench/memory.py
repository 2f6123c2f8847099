"""Peak memory of every command that takes --memory, against what was promised, on inputs that are made here.

usage: bench/run memory [--data FOLDER] [NAME...]
A row passes when the command ends well with a peak of at most the promise + 64 MiB (program, libraries, stacks), or is
refused with exit code 4 and one line, before that peak. Anything else is a FAIL and exit code 1. NAME: only the cases
whose name holds it; --data keeps the inputs there for the next time. Cases with a model want all-MiniLM-L6-v2.
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
]


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
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if feeder:
        feeder.kill()
        feeder.wait()
    return child.returncode, usage.ru_maxrss * 1024, time.time() - start, said.strip()


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
