"""Package descriptions from `apt-cache dumpavail` as JSON lines: id, text (long description), label (section)."""
import json
import sys

seen = set()
for block in sys.stdin.read().split("\n\n"):
    fields, key = {}, None
    for line in block.split("\n"):
        if line[:1] == " " and key:
            fields[key] += "\n" + line.strip()
        elif ": " in line or line.endswith(":"):
            key, _, value = line.partition(":")
            fields[key] = value.strip()
    name, section = fields.get("Package"), fields.get("Section", "").split("/")[-1]
    text = (fields.get("Description") or fields.get("Description-en") or "").replace("\n.\n", "\n")
    if name and section and text and name not in seen:
        seen.add(name)
        print(json.dumps({"id": name, "text": text, "label": section}, ensure_ascii=False))
