"""The report in a real browser: the numbers of manifest.json are on the page, the console stays silent, and what a
reader sees is whole, wide and narrow, light and dark: no texts over one another, no word broken, nothing beyond the
window, nothing faint.

Usage: test_report_browser.py WINNOW            prints TAP; skipped with a message where there is no Chromium
       test_report_browser.py --pages PAGE...   the same look at pages that exist
"""
import html
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
    return re.sub(r"\s+", " ", html.unescape(body))


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
    """Nothing is loaded; links lead within the page or to the files beside it."""
    with open(page, encoding="utf-8") as f:
        source = f.read()
    links = [a for tag in re.findall(r"<[a-z][^>]*>", source) for a in re.findall(r"(?:src|href|action)=\S*", tag)]
    ids = set(re.findall(r'id="([^"]*)"', source))
    own = {"SHA256SUMS", "assignment.tsv", "manifest.json", "selection.h5ad", "selection.tsv"}
    bad = [a for a in links if a != 'href="data:,">' and not (a.startswith('href="#') and a.split('"')[1][1:] in ids)
           and not (a.startswith('href="') and (a[6:].split('"')[0] in own or re.match(r'href="(subset|rest)\.', a)))]
    tap.ok(not bad and "url(" not in source, "the page refers to nothing outside its folder", bad)


def findings(folder, page, width, dark):
    """What page_layout.js finds in a copy of the page that may run it."""
    with open(page, encoding="utf-8") as f:
        source = f.read()
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "page_layout.js"), encoding="utf-8") as f:
        script = f.read()
    source = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", source)
    source = source.replace("</body>", f"<script>{script}</script></body>")
    copy = os.path.join(folder, "looked-at.html")
    with open(copy, "w", encoding="utf-8") as f:
        f.write(source)
    scheme = ["--blink-settings=preferredColorScheme=0"] if dark else []
    shown = browse(copy, folder, f"--window-size={width},900", *scheme, "--dump-dom")
    match = re.search(r'<pre id="findings">(.*?)</pre>', shown.stdout, re.S)
    return json.loads(html.unescape(match.group(1))) if match else None


def looks(tap, folder, page, name):
    """Wide and narrow, light and dark."""
    for width in (1280, 400):
        for dark in (False, True):
            seen = findings(folder, page, width, dark)
            where = f"{name}, {width} pixels, {'dark' if dark else 'light'}"
            tap.ok(seen and seen["texts"] > 50, f"{where}: looked at")
            if not seen:
                continue
            tap.ok(seen["scroll"] <= 0, f"{where}: nothing to scroll sideways", seen["scroll"])
            for what, wanted in (("overlaps", "no texts over one another"), ("broken", "no word broken"),
                                 ("outside", "no text beyond its frame"), ("faint", "a contrast of 4.5 at least")):
                tap.ok(not seen[what], f"{where}: {wanted}", "\n".join(seen[what]))
    size = os.path.getsize(page)
    tap.ok(size <= 2 << 20, f"{name}: at most 2 MB", size)


def renders(tap, folder, page):
    for width in (1280, 400):
        image = os.path.join(folder, f"{width}.png")
        if os.path.exists(image):
            os.remove(image)
        wide = browse(page, folder, f"--window-size={width},900", f"--screenshot={image}")
        tap.ok(os.path.exists(image) and os.path.getsize(image) > 5000, f"it renders {width} pixels wide", wide.stderr)


def pair(tap, folder, rows, first):
    """The page of two choices."""
    second, page = os.path.join(folder, "second"), os.path.join(folder, "both.html")
    run = subprocess.run([sys.argv[1], "run", rows, "-k", "50", "--id-field", "id", "--label-field", "label", "-q",
                          "-o", second], capture_output=True, text=True, check=False)
    tap.ok(run.returncode == 0, "another choice", run.stderr)
    run = subprocess.run([sys.argv[1], "report", first, second, "--html", page, "-q"], capture_output=True, text=True,
                         check=False)
    tap.ok(run.returncode == 0, "winnow report A B", run.stderr)
    chosen = []
    for folder_of in (first, second):
        with open(os.path.join(folder_of, "selection.tsv"), encoding="utf-8") as f:
            chosen.append({line.split("\t")[1] for line in f.readlines()[1:]})
    text = visible(browse(page, folder, "--dump-dom").stdout)
    both = len(chosen[0] & chosen[1])
    tap.ok(f" {both:,} text" in text and f"only in A: {len(chosen[0]) - both}" in text,
           "the page says how many texts both have", text[:600])
    outside(tap, page)
    looks(tap, folder, page, "the page of two")


def main():
    if not CHROMIUM:
        print("1..0 # SKIP no chromium on this machine")
        return 0
    tap = Tap()
    if sys.argv[1] == "--pages":
        with tempfile.TemporaryDirectory(prefix="winnow-test.") as folder:
            for page in sys.argv[2:]:
                looks(tap, folder, page, page)
        print(f"1..{tap.count}")
        return 1 if tap.bad else 0
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
        looks(tap, folder, page, "the page")
        pair(tap, folder, rows, out)
        compare(tap, folder, rows)
    print(f"1..{tap.count}")
    return 1 if tap.bad else 0


if __name__ == "__main__":
    sys.exit(main())
