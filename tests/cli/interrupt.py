"""SIGINT at three moments of every command that reads texts, on texts made to be slow: answered within a second of the
processor's time, which a busy machine does not change; and where nobody reads what is printed.
usage: interrupt.py WINNOW; prints "0 NAME" for what holds, "1 NAME" for what does not
"""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import pathological as p  # noqa: E402

BYTES, BAR = 4000000, 1.0
KINDS = ["marks on letters", "one letter"]


def tell(good, name):
    print(0 if good else 1, name, flush=True)


def moments(folder, table):
    text = os.path.join(folder, "text.jsonl")
    for kind in KINDS:
        p.write_jsonl(text, p.KINDS[kind] * (BYTES // len(p.KINDS[kind].encode())))
        for command, args in table.items():
            took = p.answer(args, text, os.path.join(folder, command))
            tell(took is None or took <= BAR, f"{command}: {kind}: SIGINT is answered within {BAR} s")


def full_pipe():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, bytes(1 << 16))
    except BlockingIOError:
        os.set_blocking(writer, True)
    return reader, writer


def no_reader(winnow, folder, args):
    text = os.path.join(folder, "words.jsonl")
    p.write_jsonl(text, "ab cd " * 300000)
    line = [winnow] + [text if a == "IN" else a for a in args]
    reader, writer = full_pipe()
    with subprocess.Popen(line, stdout=writer, stderr=subprocess.DEVNULL) as job:
        os.close(writer)
        before = -1
        while p.used_by(job.pid) != before and job.poll() is None:  # until it stands still
            before = p.used_by(job.pid)
            time.sleep(.5)
        job.send_signal(signal.SIGINT)
        try:
            code = job.wait(10)
        except subprocess.TimeoutExpired:
            code = None
            job.kill()
    os.close(reader)
    tell(code == 130, f"{args[0]}: SIGINT is answered where nobody reads what is printed")


def main():
    winnow = os.path.abspath(sys.argv[1])
    os.environ["WINNOW_BENCH_BIN"] = os.path.dirname(winnow)
    with tempfile.TemporaryDirectory() as folder:
        table = p.commands("none", p.bpe_folder(os.path.join(folder, "bpe")))
        moments(folder, table)
        for args in (table["tokenize bpe"], ["info", "IN"]):
            no_reader(winnow, folder, args)


main()
