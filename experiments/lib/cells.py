"""What trainings of an experiment came to, one a line, so that a run can go on on another machine.

cells.py pack     prints what fine_tune (common.sh) has kept in this folder
cells.py unpack FILE  puts it back, where it is not there yet: those trainings are not done again
"""
import glob
import json
import os
import sys

import figures

KEPT = ("train", "score", "metrics")  # metrics last: it is what says that a training is done
READ = ("training", "this_run")  # of the manifest, train: the rest is settings, and where things lay


def kept(name, kind):
    found = figures.read(f"{name}.{kind}.json")
    return {part: found[part] for part in READ} if kind == "train" else found


def pack():
    for path in sorted(glob.glob("**/*.metrics.json", recursive=True)):
        name = path[:-len(".metrics.json")]
        print(json.dumps({"name": name, **{k: kept(name, k) for k in KEPT}}, sort_keys=True))


def unpack(path):
    with open(path, encoding="utf-8") as f:
        for cell in map(json.loads, f):
            if os.path.exists(f"{cell['name']}.metrics.json"):
                continue
            os.makedirs(os.path.dirname(cell["name"]) or ".", exist_ok=True)
            for k in KEPT:
                with open(f"{cell['name']}.{k}.json", "w", encoding="utf-8") as out:
                    json.dump(cell[k], out)


if sys.argv[1:] == ["pack"]:
    pack()
elif len(sys.argv) == 3 and sys.argv[1] == "unpack":
    unpack(sys.argv[2])
else:
    sys.exit(__doc__)
