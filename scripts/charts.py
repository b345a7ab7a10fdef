#!/usr/bin/env python3
"""Draws the charts of docs/performance.md from what `bridge-bench --json` printed.

    bridge-bench --yardstick DIR --json > results.json
    scripts/charts.py results.json [MORE.json ...] [--out docs/images]

Several files count as one run; rows of a run with a preloaded slow disk are only in the chart of ratios, which has the
rows that a bound is set for.
"""

import argparse
import json
import math
import operator
import sys
from html import escape
from pathlib import Path

# What is asked of a ratio: required, good. Where good is the greater one, more is better.
BOUNDS = {
    ("send, 1 client, 200 B", "p50"): (2.0, 1.4),
    ("send, 1 client, 200 B", "p99"): (3.0, 1.5),
    ("send, 32 clients, 200 B", "rate"): (0.45, 0.8),
    ("hop, 1 pair", "arrival p50 against send"): (2.0, 1.3),
    ("empty check, 1 client", "p50"): (5.0, 2.0),
    ("send, 1 client, 1 M stored", "p50 against an empty store"): (1.2, 1.05),
    ("shim", "start to first answer p50"): (2.0, 1.2),
    ("flood", "bystander's send p99"): (2.0, 1.2),
}
# The same where a preload makes the disk take 2 ms for a flush.
BOUNDS_SLOW_DISK = {
    ("send, 1 client, beside a flush", "p50 against fdatasync"): (1.3, 1.15),
    ("send, 32 clients, 200 B", "rate"): (0.7, 0.95),
}
SLOW_DISK_US = 2_000

OURS, BESIDE, INK, FAINT, PAPER = "#1d6fb8", "#a9b2bd", "#1f2933", "#d8dee6", "#ffffff"
VERDICTS = {
    "good": "#2b8a55",
    "as required": "#c98a14",
    "missed": "#c0392b",
}
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
WIDTH = 900


class Svg:
    """A drawing with a background of its own, so that it reads the same on light and dark pages."""

    def __init__(self, title, subtitle):
        self.title, self.parts, self.height = title, [], 0
        self.text(24, 34, title, size=18, weight=600)
        self.text(24, 56, subtitle, size=12)

    def text(self, x, y, text, size=12, anchor="start", weight=400, colour=INK):
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" '
            f'fill="{colour}">{escape(text)}</text>'
        )

    def box(self, x, y, width, height, colour):
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="1.5" fill="{colour}"/>'
        )

    def line(self, x1, y1, x2, y2, colour=FAINT, width=1.0, dashes=""):
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width}"{dashed}/>'
        )

    def legend(self, y, entries):
        """Coloured squares with their meaning, side by side."""
        x = 24
        for name, colour in entries:
            self.box(x, y - 10, 12, 12, colour)
            self.text(x + 18, y, name)
            x += 38 + 7 * len(name)

    def write(self, path):
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{self.height}" '
            f'viewBox="0 0 {WIDTH} {self.height}" font-family="{FONT}" role="img" '
            f'aria-label="{escape(self.title)}">\n'
            f'<rect width="{WIDTH}" height="{self.height}" rx="8" fill="{PAPER}" stroke="{FAINT}"/>\n'
            + "\n".join(self.parts)
            + "\n</svg>\n"
        )


def ticks(highest, about=5):
    """Round values from 0 to just above the highest."""
    rough = highest / about
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)
    return [step * number for number in range(math.ceil(highest / step) + 1)]


def number(value):
    """Three digits or so."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def grouped_bars(title, subtitle, axis, groups):
    """Bars of ours and the prototype's for each of (name, ours, prototype's)."""
    svg = Svg(title, subtitle)
    svg.height, left, right, top, bottom = 420, 84, WIDTH - 24, 104, 360
    svg.legend(82, [("bridged", OURS), ("prototype", BESIDE)])
    scale = ticks(max(value for _, *pair in groups for value in pair if value is not None))

    def place(value):
        return bottom - (bottom - top) * value / scale[-1]

    for value in scale:
        svg.line(left, place(value), right, place(value))
        svg.text(left - 8, place(value) + 4, f"{value:,g}", anchor="end")
    middle = (top + bottom) / 2
    svg.parts.append(f'<g transform="rotate(-90 24 {middle})">')
    svg.text(24, middle, axis, anchor="middle")
    svg.parts.append("</g>")
    each = (right - left) / len(groups)
    bar = min(64, each * 0.34)
    for at, (name, *pair) in enumerate(groups):
        centre = left + each * (at + 0.5)
        for x, value, colour in zip((centre - bar - 2, centre + 2), pair, (OURS, BESIDE)):
            if value is not None:
                svg.box(x, place(value), bar, bottom - place(value), colour)
                svg.text(x + bar / 2, place(value) - 6, number(value), anchor="middle")
        svg.text(centre, bottom + 22, name, anchor="middle")
    svg.line(left, bottom, right, bottom, INK)
    svg.text(WIDTH - 24, svg.height - 16, "median of the rounds, both in turn in each", size=11, anchor="end")
    return svg


def verdict(ratio, bounds):
    """How a ratio stands to its bounds."""
    required, good = bounds
    within = operator.ge if good > required else operator.le
    return "good" if within(ratio, good) else "as required" if within(ratio, required) else "missed"


def ratio_bars(subtitle, rows):
    """A bar from 1 to each ratio on a logarithmic axis; what is beyond the axis is cut off, its number says it."""
    svg = Svg("Ratios: bridged against what is beside it", subtitle)
    left, right, top, step, (low, high) = 430, WIDTH - 72, 128, 24, (0.1, 20)
    bottom = top + step * len(rows)
    svg.height = bottom + 68
    svg.legend(82, VERDICTS.items())
    for x, name, dashes in ((430, "required", ""), (530, "good", "3 2")):
        svg.line(x, 70, x, 86, INK, 2, dashes)
        svg.text(x + 8, 82, name)
    svg.line(600, 78, 624, 78, INK)
    svg.text(632, 82, "from the lowest to the highest round")

    def place(value):
        return left + (right - left) * math.log(min(max(value, low), high) / low) / math.log(high / low)

    for value in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20):
        svg.line(place(value), top - 8, place(value), bottom, INK if value == 1 else FAINT)
        for y in (top - 14, bottom + 18):
            svg.text(place(value), y, f"{value:g}×", anchor="middle")
    for at, row in enumerate(rows):
        y, ratio, bounds = top + step * at, row["ratio"], row["bounds"]
        svg.text(left - 12, y + 15, row["label"], anchor="end")
        ends = sorted((place(1), place(ratio)))
        svg.box(ends[0], y + 5, max(ends[1] - ends[0], 1.5), step - 10, VERDICTS[verdict(ratio, bounds)])
        spread = row["spread"]
        svg.line(place(spread["lowest"]), y + 12, place(spread["highest"]), y + 12, INK)
        for bound, dashes in zip(bounds, ("", "3 2")):
            svg.line(place(bound), y + 1, place(bound), y + step - 1, INK, 2, dashes)
        svg.text(WIDTH - 20, y + 16, f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.1g}", anchor="end", weight=600)
    note = f"ratio, logarithmic, cut off at {low:g} and {high:g}; less is better, but for rates (/s) more"
    svg.text((left + right) / 2, bottom + 44, note, anchor="middle")
    return svg


def read(paths):
    """All rows of all files, each with its bounds and whether its disk was slow; and the first file's machine."""
    rows, documents = [], [json.loads(Path(path).read_text()) for path in paths]
    for document in documents:
        added = document["machine"]["added_flush_us"] or 0
        bounds = BOUNDS_SLOW_DISK if added >= SLOW_DISK_US else BOUNDS if added == 0 else {}
        for row in document["results"]:
            kind = row["scenario"].split(":")[0]
            unit = " (/s)" if row["unit"] == "/s" else ""
            slow = f", flush + {added / 1000:g} ms" if added else ""
            row["label"] = f"{row['scenario']}{slow}: {row['what'].removesuffix(' against send')}{unit}"
            row["bounds"] = bounds.get((kind, row["what"]))
            row["slow"] = added > 0
            rows.append(row)
    return rows, documents[0]["machine"]


def find(rows, scenario, what):
    """Ours and the prototype's of one row."""
    for row in rows:
        if (row["scenario"], row["what"], row["slow"]) == (scenario, what, False):
            return row["ours"], row["yardstick"]
    sys.exit(f"charts.py: the results have no {what!r} of {scenario!r}")


def milliseconds(pair):
    return [value and value / 1000 for value in pair]


def main():
    parser = argparse.ArgumentParser(description="Draws the charts of docs/performance.md.")
    parser.add_argument("results", nargs="+", help="what bridge-bench --json printed")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "docs/images")
    arguments = parser.parse_args()
    rows, machine = read(arguments.results)
    where = [f"{machine['cpus']} processors", machine["cpu_model"], machine["kernel"], machine["filesystem"]]
    subtitle = ", ".join(word for word in where if word)

    latency = [
        (f"{size}, {what}", *milliseconds(find(rows, f"send, 1 client, {size}", what)))
        for size in ("200 B", "49 KB")
        for what in ("p50", "p99")
    ]
    throughput = [
        (f"{clients} clients", *find(rows, f"send, {clients} clients, 200 B", "rate")) for clients in (8, 32, 128)
    ]
    compared = [row for row in rows if row["ratio"] is not None and row["bounds"]]
    charts = {
        "latency": grouped_bars("Durable send, 1 client", subtitle, "milliseconds until it is answered", latency),
        "throughput": grouped_bars("Durable sends of 200 B", subtitle, "sends per second", throughput),
        "ratios": ratio_bars(subtitle, compared),
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, svg in charts.items():
        svg.write(arguments.out / f"performance-{name}.svg")


if __name__ == "__main__":
    main()
