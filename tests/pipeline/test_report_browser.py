"""The report in a real browser: the numbers of manifest.json are on the page, and the console stays silent.

Usage: test_report_browser.py WINNOW. Prints TAP; skipped with a message where there is no Chromium.
"""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HOSTILE = "<script>console.error('x')</script><img src=x onerror=alert(1)> \"'& \u202e \x07 \U0001f600 \u6771\u4eac "


class Tap:
    def __init__(self):
        self.count = self.bad = 0

    def ok(self, passed, name, detail=""):
        self.count += 1
        self.bad += not passed
        print(f"{'ok' if passed else 'not ok'} {self.count} - {name}")
        if not passed and detail:
            print("\n".join("#   " + line for line in str(detail).splitlines()[:8]))


def write_rows(path):
    rng = random.Random(4)
    words = "river stone bird light house green morning engine market music paper winter".split()
    with open(path, "w", encoding="utf-8") as out:
        for i in range(900):
            text = " ".join(rng.choice(words) for _ in range(12))
            if i % 9 == 0:
                text = HOSTILE + text
            if i % 50 == 49:
                text = last
            last = text
            json.dump({"id": f"<{i}>&", "text": text, "label": f"kind <{i % 4}>"}, out, ensure_ascii=False)
            out.write("\n")


def browse(page, folder, *options):
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
               f"--user-data-dir={folder}/profile", "--enable-logging=stderr", "--v=0", *options, "file://" + page]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def visible(dom):
    """The text of a serialised page, white space reduced."""
    body = re.sub(r"<style.*?</style>", " ", dom, flags=re.S)
    body = re.sub(r"<[^>]*>", " ", body)
    for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&nbsp;", " "), ("&amp;", "&")):
        body = body.replace(entity, char)
    return re.sub(r"\s+", " ", body)


def compare(tap, folder, rows):
    """The page of a comparison, under the same rules."""
    out = os.path.join(folder, "compared")
    run = subprocess.run([sys.argv[1], "compare", rows, "--test", "20%", "--label-field", "label", "--budgets", "5%,60",
                          "--seeds", "3", "--dims", "16", "--methods", "default,longest", "--label-noise", "20%", "-q",
                          "-o", out], capture_output=True, text=True, check=False)
    tap.ok(run.returncode == 0, "winnow compare", run.stderr)
    with open(os.path.join(out, "summary.json"), encoding="utf-8") as f:
        summary = json.load(f)
    page = os.path.join(out, "report.html")
    shown = browse(page, folder, "--dump-dom")
    console = [line for line in shown.stderr.splitlines() if "CONSOLE" in line]
    text = visible(shown.stdout)
    missing = [s["method"] for s in summary["standings"]
               if f"{100 * s['accuracy']['mean']:.1f} ± {100 * s['accuracy']['sd']:.1f}" not in text]
    tap.ok(not missing, "the page shows every accuracy", missing)
    verdicts = [d["verdict"] for s in summary["standings"] for d in s["against"].values()]
    tap.ok(all(v in text for v in verdicts), "and every verdict")
    tap.ok("kind <1>" in text and "<kind" not in shown.stdout, "names of classes are shown as text")
    tap.ok(shown.stdout.count("<svg") == 4, "two charts for each pool", shown.stdout.count("<svg"))
    tap.ok("NaN" not in shown.stdout and "inf" not in re.sub(r"[a-z]*inf[a-z]+", "", text), "no number is none")
    tap.ok(not console, "no message on the console", "\n".join(console))
    outside(tap, page)
    renders(tap, folder, page)


def outside(tap, page):
    with open(page, encoding="utf-8") as f:
        source = f.read()
    links = [a for tag in re.findall(r"<[a-z][^>]*>", source) for a in re.findall(r"(?:src|href|action)=\S*", tag)]
    tap.ok(links == ['href="data:,">'] and "url(" not in source, "the page refers to nothing outside itself", links)


def renders(tap, folder, page):
    for width in (1280, 400):
        image = os.path.join(folder, f"{width}.png")
        if os.path.exists(image):
            os.remove(image)
        wide = browse(page, folder, f"--window-size={width},900", f"--screenshot={image}")
        tap.ok(os.path.exists(image) and os.path.getsize(image) > 5000, f"it renders {width} pixels wide", wide.stderr)


def main():
    if not CHROMIUM:
        print("1..0 # SKIP no chromium on this machine")
        return 0
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="winnow-test.") as folder:
        rows, out = os.path.join(folder, "rows.jsonl"), os.path.join(folder, "out")
        write_rows(rows)
        run = subprocess.run([sys.argv[1], "run", rows, "-k", "10%", "--id-field", "id", "--label-field", "label",
                              "--labels", "ignore", "-q", "-o", out], capture_output=True, text=True, check=False)
        tap.ok(run.returncode == 0, "winnow run", run.stderr)
        with open(os.path.join(out, "manifest.json"), encoding="utf-8") as f:
            manifest = json.load(f)
        page = os.path.join(out, "report.html")
        shown = browse(page, folder, "--dump-dom")
        console = [line for line in shown.stderr.splitlines() if "CONSOLE" in line]
        text = visible(shown.stdout)
        counts, selection = manifest["counts"], manifest["selection"]
        for name in ("read", "chosen", "copies_dropped"):
            tap.ok(f" {counts[name]:,} " in text, f"the page shows {name} = {counts[name]:,}", text[:400])
        for name in ("coverage", "coverage_random"):
            tap.ok(f"{selection[name]:.3f}" in text, f"the page shows {name} = {selection[name]:.3f}", text[:400])
        for name in ("gamma", "lambda"):
            tap.ok(f"{name} {selection[name]:.6g} " in text, f"the page shows {name}", text[-600:])
        tap.ok(manifest["inputs"][0]["sha256"] in text, "the page shows the checksum of the input")
        tap.ok(manifest["command"] in text, "the page shows the command", manifest["command"])
        tap.ok("<script>console.error" in text, "hostile text is shown as text")
        tap.ok("<script" not in shown.stdout and "<img" not in shown.stdout, "and has become no element")
        tap.ok(not console, "no message on the console", "\n".join(console))
        outside(tap, page)
        renders(tap, folder, page)
        compare(tap, folder, rows)
    print(f"1..{tap.count}")
    return 1 if tap.bad else 0


if __name__ == "__main__":
    sys.exit(main())
