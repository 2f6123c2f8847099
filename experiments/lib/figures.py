"""Means with intervals, tables, and plots (SVG), without packages."""
import json
import math
import os
from xml.sax.saxutils import escape

# Student's t: 97.5% quantile by degrees of freedom, from 1.
T975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
        2.110, 2.101, 2.093, 2.086)
COLORS = ("#0b6e4f", "#3d5a98", "#9a6a2f", "#8c2f5a", "#5b5b5b", "#c2571a", "#2f8ca3", "#6d4fa3")
FONT = 'font-family="sans-serif" font-size="12" fill="#333"'


def read(path):
    """A JSON file; None if it is not there: that part has not run."""
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def mean(values):
    return sum(values) / len(values)


def half_width(values):
    """Of the 95% interval of the mean (Student); None for one value."""
    if len(values) < 2:
        return None
    m = mean(values)
    sd = math.sqrt(sum((v - m) ** 2 for v in values) / (len(values) - 1))
    return T975[min(len(values) - 1, len(T975)) - 1] * sd / math.sqrt(len(values))


def cell(values, scale=100.0, digits=2):
    """'54.31 ± 1.20', with one value '54.31', without any '–'."""
    values = [v * scale for v in values if v is not None]
    if not values:
        return "–"
    half = half_width(values)
    return f"{mean(values):.{digits}f}" + ("" if half is None else f" ± {half:.{digits}f}")


def table(head, rows):
    """Markdown."""
    out = ["| " + " | ".join(map(str, head)) + " |", "|" + "---|" * len(head)]
    return "\n".join(out + ["| " + " | ".join(map(str, r)) + " |" for r in rows])


def svg(path, width, height, parts):
    body = "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {FONT}>',
                      f'<rect width="{width}" height="{height}" fill="#fff"/>', *parts, "</svg>", ""])
    with open(path + ".part", "w", encoding="utf-8") as f:
        f.write(body)
    os.replace(path + ".part", path)


def axis(left, top, width, height, low, high, form):
    """Five lines across, with their values."""
    for i in range(5):
        v = low + (high - low) * i / 4
        y = top + height * (1 - i / 4)
        yield f'<path d="M{left} {y:.1f}h{width}" stroke="#ddd"/>'
        yield f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{form.format(v)}</text>'


def legend(names, left, y):
    x = left
    for i, name in enumerate(names):
        yield f'<rect x="{x}" y="{y - 8}" width="12" height="4" fill="{COLORS[i % len(COLORS)]}"/>'
        yield f'<text x="{x + 17}" y="{y}">{escape(name)}</text>'
        x += 30 + 7 * len(name)


def panel(title, ticks, series, left, top, width=300, height=190, form="{:.1f}"):
    """series: name -> for each tick a list of values (over seeds), a pair (mean, half of its interval), or None."""
    spot = lambda v: v if isinstance(v, tuple) else (mean(v), half_width(v) or 0.0) if v else None
    spots = {n: [spot(v) for v in vs] for n, vs in series.items()}
    ends = [e for vs in spots.values() for s in vs if s for e in (s[0] - s[1], s[0] + s[1])]
    yield f'<text x="{left}" y="{top - 10}" font-weight="bold">{escape(title)}</text>'
    if not ends:
        yield f'<text x="{left}" y="{top + 20}">not run</text>'
        return
    low, high = min(ends), max(ends)
    edge = 0.05 * (high - low) or 1.0
    low, high = low - edge, high + edge
    yield from axis(left, top, width, height, low, high, form)
    step = width / max(1, len(ticks))
    for i, t in enumerate(ticks):
        yield f'<text x="{left + step * (i + .5):.1f}" y="{top + height + 18}" text-anchor="middle">{escape(t)}</text>'
    for s, vs in enumerate(spots.values()):
        shift = 3 * (s - (len(spots) - 1) / 2)
        at = [(left + step * (i + .5) + shift, *v) for i, v in enumerate(vs) if v]
        y = lambda v: top + height * (high - v) / (high - low)
        color = COLORS[s % len(COLORS)]
        yield (f'<path d="M{"L".join(f"{x:.1f} {y(m):.1f}" for x, m, _ in at)}" fill="none" stroke="{color}" '
               'stroke-width="1.5"/>')
        for x, m, h in at:
            yield f'<path d="M{x:.1f} {y(m - h):.1f}V{y(m + h):.1f}" stroke="{color}"/>'
            yield f'<circle cx="{x:.1f}" cy="{y(m):.1f}" r="3" fill="{color}"/>'


def lines(path, panels, columns=2):
    """panels: (title, ticks, series) each, of the same series. A bar is the 95% interval over seeds."""
    parts = []
    for i, (title, ticks, series) in enumerate(panels):
        parts += panel(title, ticks, series, 60 + 390 * (i % columns), 40 + 260 * (i // columns))
    height = 260 * -(-len(panels) // columns) + 50
    names = list(dict.fromkeys(n for _, _, series in panels for n in series))
    svg(path, 390 * columns + 20, height, parts + list(legend(names, 60, height - 15)))


def bars(path, panels):
    """panels: (title, {group: {name: value or None}}) each, of the same names; bars from 0."""
    parts, names = [], []
    for p, (title, groups) in enumerate(panels):
        left, top, width, height = 60 + 390 * p, 40, 300, 190
        high = max([v for g in groups.values() for v in g.values() if v] or [1.0]) * 1.05
        parts.append(f'<text x="{left}" y="{top - 10}" font-weight="bold">{escape(title)}</text>')
        parts += axis(left, top, width, height, 0, high, "{:.0f}" if high > 10 else "{:.2f}")
        step = width / len(groups)
        for i, (group, values) in enumerate(groups.items()):
            names = list(values)
            wide = min(40, 0.8 * step / len(values))
            x = left + step * (i + .5)
            parts.append(f'<text x="{x:.1f}" y="{top + height + 18}" text-anchor="middle">{escape(group)}</text>')
            for j, v in enumerate(values.values()):
                tall = height * (v or 0) / high
                parts.append(f'<rect x="{x + wide * (j - len(values) / 2):.1f}" y="{top + height - tall:.1f}" '
                             f'width="{wide - 2:.1f}" height="{tall:.1f}" fill="{COLORS[j % len(COLORS)]}"/>')
    svg(path, 390 * len(panels) + 20, 300, parts + list(legend(names, 60, 285)))
