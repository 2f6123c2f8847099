"""The three sets of texts of bench/tokenize.py and bench/embed.py: stories, reviews, SST-2 sentences."""
import csv
import gzip
import json
import os


def load(data, quick=False):
    stories = []
    for part in ("val", "test"):
        with open(os.path.join(data, "story_cloze", f"cloze_test_{part}__spring2016.csv"), encoding="utf-8") as f:
            stories += [" ".join(row[1:5]) for row in list(csv.reader(f))[1:]]
    with gzip.open(os.path.join(data, "imdb", "train.jsonl.gz"), "rt", encoding="utf-8") as f:
        reviews = [json.loads(line)["text"] for line, _ in zip(f, range(500))]
    with open(os.path.join(data, "sst2", "train.tsv"), encoding="utf-8") as f:
        sentences = [line.rstrip("\n").split("\t")[0] for line in f][1:8001]
    few = {"stories": 200, "reviews": 20, "sentences": 300}
    sets = {"stories": stories, "reviews": reviews, "sentences": sentences}
    return {name: [" ".join(t.split()) for t in (texts[: few[name]] if quick else texts)]
            for name, texts in sets.items()}
