"""Rows for the experiments, from the data sets as they come, printed. Usage: prepare.py WHAT ARGUMENTS...

  imdb FILE SEED FROM TO        rows FROM..TO of a seeded shuffle: id, text (without <br />), label
  sarcasm FILE SEED FROM TO     id, response, dialogue (the last two turns, then the response), label where one is;
                                SEED -: in the file's order
  sst2 FILE SEED FROM TO        text, label
  draw FILE POOL TEST PART      JSON lines with a label: POOL + TEST rows, the classes in their proportion, each with a
                                row in either; PART is pool or test. Classes of fewer than three rows are left out.
  noise FILE SEED PERCENT       JSON lines with a label, PERCENT of them another one
  deal FILE SEED                JSON lines with a label, the labels dealt out anew: they say nothing any more
  stories FILE SEED PERCENT TIMES   a csv in which PERCENT of the rows stand TIMES times
  limit FILE N                  the first N rows of a csv
  chosen FILE SELECTION         the rows of a csv that a selection.tsv of `winnow select` has, in its order
"""
import collections
import csv
import gzip
import json
import random
import sys


def lines(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as f:
        return f.read().split("\n")[:-1]


def shuffled(rows, seed, begin, end):
    rows = list(rows)
    if seed != "-":
        random.Random(int(seed)).shuffle(rows)
    return rows[int(begin):int(end)]


def imdb(path, *part):
    for r in map(json.loads, shuffled(lines(path), *part)):
        yield {"id": r["id"], "text": r["text"].replace("<br />", " "), "label": ("negative", "positive")[r["label"]]}


def sarcasm(path, *part):
    rows = [dict(json.loads(line)) for line in lines(path)]
    for i, r in enumerate(rows):
        r.setdefault("id", f"train_{i + 1}")
    for r in shuffled(rows, *part):
        out = {"id": r["id"], "response": r["response"], "dialogue": " ".join(r["context"][-2:] + [r["response"]])}
        yield {**out, "label": r["label"]} if "label" in r else out


def sst2(path, *part):
    for line in shuffled(lines(path)[1:], *part):
        text, label = line.rsplit("\t", 1)
        yield {"text": text.strip(), "label": ("negative", "positive")[int(label)]}


def draw(path, pool, test, part):
    classes = collections.defaultdict(list)
    for line in lines(path):
        classes[json.loads(line)["label"]].append(line)
    classes = {c: rows for c, rows in sorted(classes.items()) if len(rows) >= 3}
    total = sum(map(len, classes.values()))

    def counts(size, least):
        n = {c: max(least, round(size * len(rows) / total)) for c, rows in classes.items()}
        n[max(n, key=n.get)] += size - sum(n.values())
        return n

    of_pool, of_test = counts(int(pool), 2), counts(int(test), 1)
    rng, parts = random.Random(1), {"pool": [], "test": []}
    for c, rows in classes.items():
        picked = rng.sample(rows, of_pool[c] + of_test[c])
        parts["pool"] += picked[:of_pool[c]]
        parts["test"] += picked[of_pool[c]:]
    rng.shuffle(parts["pool"])
    rng.shuffle(parts["test"])
    return map(json.loads, parts[part])


def noise(path, seed, percent):
    rows, rng = [json.loads(line) for line in lines(path)], random.Random(int(seed))
    labels = sorted({r["label"] for r in rows})
    for r in rng.sample(rows, round(len(rows) * float(percent) / 100)):
        r["label"] = rng.choice([other for other in labels if other != r["label"]])
    return rows


def deal(path, seed):
    rows = [json.loads(line) for line in lines(path)]
    labels = [r["label"] for r in rows]
    random.Random(int(seed)).shuffle(labels)
    return [{**r, "label": label} for r, label in zip(rows, labels)]


def table(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.reader(f))


def stories(path, seed, percent, times):
    """Copies have ids of their own, and stand anywhere."""
    head, *rows = table(path)
    rng = random.Random(int(seed))
    copied = rng.sample(rows, round(len(rows) * float(percent) / 100))
    rows += [[f"{r[0]}#{i}"] + r[1:] for r in copied for i in range(2, int(times) + 1)]
    rng.shuffle(rows)
    return [head] + rows


def chosen(path, selection):
    head, *rows = table(path)
    with open(selection, encoding="utf-8") as f:
        column = next(f).rstrip("\n").split("\t").index("row")
        return [head] + [rows[int(line.split("\t")[column])] for line in f]


def main(what, *args):
    if what in ("stories", "chosen", "limit"):
        make = {"stories": stories, "chosen": chosen, "limit": lambda path, n: table(path)[:int(n) + 1]}[what]
        csv.writer(sys.stdout, lineterminator="\n").writerows(make(*args))
        return
    for row in {"imdb": imdb, "sarcasm": sarcasm, "sst2": sst2, "draw": draw, "noise": noise,
                "deal": deal}[what](*args):
        print(json.dumps(row, ensure_ascii=False))


sys.stdout.reconfigure(encoding="utf-8")
main(*sys.argv[1:])
