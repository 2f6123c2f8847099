"""Runs a command with standard error on a pseudo-terminal and judges every line that it draws.

pty.py COLUMNS COMMAND...: prints what is wrong, one finding a line, and how many lines were drawn. Of redrawn lines:
they fit the terminal; done <= total; no percentage above 100; no inf, no nan. Of all: UTF-8 without control characters
but ours. Of each stage (with -v): its last line is its summary.
"""
import os
import re
import struct
import subprocess
import sys
import termios
from fcntl import ioctl


def run(columns, command):
    """Every byte that reaches the terminal, and the exit code."""
    master, slave = os.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    data = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        data += piece
    return data, process.wait()


def judge_drawn(line, columns):
    if len(line) >= columns:
        yield f"longer than the terminal: {line!r}"
    if re.search(r"\b(inf|nan)\b", line, re.I):
        yield f"no number: {line!r}"
    if any(int(p) > 100 for p in re.findall(r"(\d+)%", line)):
        yield f"more than all: {line!r}"
    for done, total in re.findall(r": ([\d,]+) of ([\d,]+) ", line):
        if int(done.replace(",", "")) > int(total.replace(",", "")):
            yield f"done > total: {line!r}"


def judge(data, columns):
    try:
        text = data.decode()
    except UnicodeDecodeError as e:
        yield f"not UTF-8: {e}"
        return
    open_stages, drawn_lines = [], 0
    for line in text.split("\n"):
        *drawn, last = re.sub(r"\x1b\[(K|0m|1;31m)", "", line.removesuffix("\r")).split("\r")
        for part in (*drawn, last):
            if re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", part):
                yield f"a control character: {part!r}"
        for part in filter(None, drawn):
            drawn_lines += 1
            yield from judge_drawn(part, columns)
            stage = part.split(":")[0]
            if stage not in open_stages:
                open_stages.append(stage)
        if re.match(r"[^:]+: ([\d,]+ .+|done) in [\d.]+ (s|min|h)", last):
            open_stages = [s for s in open_stages if s != last.split(":")[0]]
    for stage in open_stages:
        yield f"no summary of {stage}"
    print(f"{drawn_lines} lines drawn", file=sys.stderr)


def main():
    columns = int(sys.argv[1])
    data, code = run(columns, sys.argv[2:])
    for finding in judge(data, columns):
        print(finding)
    sys.exit(code)


main()
