"""Texts made to be slow, at n, 2n and 4n: how the time of every command that reads texts grows at a doubling.

Each input is one record of n bytes of one kind, beside three plain ones. Seconds are of the processor, the best of
--rounds, less those of the same command on the plain records alone. Growth is that of a doubling, the geometric mean of
the two: one of them alone may leave a cache. A line over the bar is measured again, up to twice, and the best of all
counts. Where 4n takes less than 200 ms more, nothing can be said and 1.00 is printed. Bar: 2.2. Then SIGINT is sent at
three moments of the work on --stop times n (0: not): seconds of the processor until the command has ended with code
130, which a busy machine does not change; of the clock where it took more than 5. Bar: 1.
usage: bench/run pathological [--bytes 1000000] [--stop 16] [--rounds 2] [--only WORD] [--command WORD]
       [--model all-MiniLM-L6-v2 | none]
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

BAR, BAR_STOP, MORE = 2.2, 1.0, 3
PLAIN = ["a red boat on the lake", "the red boat of a friend", "a blue kite over the lake"]
KINDS = {  # what is repeated
    "marks in turn": "\u0301\u0316",
    "marks on letters": "a" + "\u0301\u0316\u0323\u0308" * 8 + " ",
    "marks that stay": "\u302e\u0301",
    "one word": "abcdefghijklmnopqrstuvwxy",
    "one letter": "a",
    "blanks": " ",
    "unusual blanks": "\u3000\u2003",
    "punctuation": "!?.,-",
    "Hangul jamo": "\u1112\u1161\u11ab",
    "digits": "1234567890",
    "emoji joined": "\U0001f469\u200d\U0001f4bb",
    "Han": "\u6c49\u5b57",
    "short words": "ab cd ",
    "brackets": "[[CLS",
    "escapes": "\\\"\n",
    "sigmas": "\u03a3",
    "dotted I": "\u0130",
}


def write_jsonl(path, text):
    with open(path, "w", encoding="utf-8") as f:
        for t in PLAIN + ([text] if text else []):
            f.write(json.dumps({"text": t}, ensure_ascii=False) + "\n")


def bpe_folder(path):
    """A byte-level BPE tokenizer whose merges make long runs of letters."""
    os.mkdir(path)
    keep = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    rest = [b for b in range(256) if b not in keep]
    pieces = ["<s>", "<pad>", "</s>", "<unk>"] + [chr(b) for b in keep] + [chr(256 + i) for i in range(len(rest))]
    merges = []
    for a in ["a", "1"]:
        for k in range(6):
            merges.append((a * 2**k, a * 2**k))
    merges += [("a", "b"), ("ab", "c"), ("c", "d"), ("1", "2"), ("3", "4")]
    pieces += list(dict.fromkeys(a + b for a, b in merges))
    with open(os.path.join(path, "vocab.json"), "w", encoding="utf-8") as f:
        json.dump({p: i for i, p in enumerate(pieces)}, f)
    with open(os.path.join(path, "merges.txt"), "w", encoding="utf-8") as f:
        f.write("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    return path


def commands(model, bpe):
    lsa = ["--min-df", "1", "--dims", "2"]
    doc = ["--encoder", "doc2vec", "--min-count", "1", "--epochs", "2", "--dims", "8"]
    out = {
        "run": ["run", "IN", "-k", "1", *lsa, "-o", "OUT"],
        "run doc2vec": ["run", "IN", "-k", "1", *doc, "-o", "OUT"],
        "embed lsa": ["embed", "IN", *lsa, "-o", "OUT"],
        "embed doc2vec": ["embed", "IN", *doc, "-o", "OUT"],
        "dedup": ["dedup", "IN", "-o", "OUT"],
        "dedup near": ["dedup", "IN", "--dedup", "0.95", *lsa, "-o", "OUT"],
        "info": ["info", "IN"],
        "check": ["check", "IN"],
        "tokenize bpe": ["tokenize", "IN", "--model", bpe],
    }
    if model != "none":
        out["tokenize"] = ["tokenize", "IN", "--model", model]
        out["embed model"] = ["embed", "IN", "--model", model, "-o", "OUT"]
    return out


def start(args, path, out):
    line = [os.path.join(os.environ["WINNOW_BENCH_BIN"], "winnow")]
    line += [path if a == "IN" else out if a == "OUT" else a for a in args] + ["-q"]
    if "-o" in args:
        line += ["-f", "-j", "1"]
    return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def seconds(args, path, out, rounds):
    best = None
    for _ in range(rounds):
        p = start(args, path, out)
        said = p.stderr.read().decode()
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        if p.returncode:
            sys.exit(f"{' '.join(args)}: code {p.returncode}: {said}")
        took = used.ru_utime + used.ru_stime
        best = took if best is None else min(best, took)
    return best


def used_by(pid):
    """Seconds of the processor that a running process has used."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def answer(args, path, out):
    """Seconds from SIGINT to the end, the worst of three moments; None: it ended by itself."""
    whole, worst = seconds(args, path, out, 1), None
    for part in (.3, .5, .8):
        p = start(args, path, out)
        ended = os.WEXITED | os.WNOHANG | os.WNOWAIT
        while used_by(p.pid) < whole * part and not os.waitid(os.P_PID, p.pid, ended):
            time.sleep(.005)
        before, sent = used_by(p.pid), time.monotonic()
        os.kill(p.pid, signal.SIGINT)
        p.stderr.read()
        _, status, used = os.wait4(p.pid, 0)
        clock, p.returncode = time.monotonic() - sent, os.waitstatus_to_exitcode(status)
        if p.returncode in (130, -signal.SIGINT):
            worst = max(worst or 0, clock if clock > 5 else used.ru_utime + used.ru_stime - before)
    return worst


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--bytes", type=int, default=1000000)
    a.add_argument("--rounds", type=int, default=2)
    a.add_argument("--stop", type=int, default=16)
    a.add_argument("--only", default="")
    a.add_argument("--command", default="")
    a.add_argument("--model", default="all-MiniLM-L6-v2")
    o = a.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        def path_of(name):
            return os.path.join(folder, name)
        table = commands(o.model, bpe_folder(path_of("bpe")))
        table = {c: args for c, args in table.items() if o.command in c}
        write_jsonl(path_of("plain.jsonl"), "")
        base = {c: seconds(args, path_of("plain.jsonl"), path_of(c), o.rounds) for c, args in table.items()}
        print(f"{'text':18}{'command':16}{'n':>8}{'2n':>8}{'4n':>8}{'growth':>8}{'SIGINT':>8}")
        for kind, unit in KINDS.items():
            if o.only and o.only not in kind:
                continue
            for times in {1, 2, 4, o.stop or 1}:
                write_jsonl(path_of(f"{times}.jsonl"), unit * (times * o.bytes // len(unit.encode())))
            for c, args in table.items():
                t, growth = [1e9] * 3, BAR + 1
                for _ in range(MORE):
                    if growth <= BAR:
                        break
                    now = [seconds(args, path_of(f"{i}.jsonl"), path_of(c), o.rounds) for i in (1, 2, 4)]
                    t = [min(best, max(1e-6, s - base[c])) for best, s in zip(t, now)]
                    growth = (t[2] / t[0]) ** .5 if t[2] > .2 else 1
                stop = answer(args, path_of(f"{o.stop}.jsonl"), path_of(c)) if o.stop else None
                bad = growth > BAR or (stop or 0) > BAR_STOP
                failed += bad
                print(f"{kind:18}{c:16}{t[0]:8.3f}{t[1]:8.3f}{t[2]:8.3f}{growth:8.2f}"
                      f"{'-' if stop is None else format(stop, '.2f'):>8}{'  over the bar' if bad else ''}", flush=True)
    print(f"ratio {failed} of the lines are over the bars {BAR} and {BAR_STOP} s")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
