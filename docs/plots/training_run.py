"""Draws a run of the trainer as one picture (SVG), with Python's standard library alone.

    ./realalign ledger --data DIR --model NAME --json > ledger.json
    python3 docs/plots/training_run.py ledger.json DIR/store/models/NAME/versions memory.csv > run.svg

memory.csv has the lines step,resident_bytes,open_tensors, read from /metrics along the way (realalign_trainer_steps_total,
process_resident_memory_bytes and realalign_tensors_open).
"""
import csv
import json
import math
import pathlib
import sys

MEAN_OVER = 200  # steps of a moving mean
WIDTH, HEIGHT, LEFT, TOP, GAP_X, GAP_Y = 380, 170, 70, 60, 110, 80
INK, GRID, BLUE, ORANGE = "#24292f", "#d8dee4", "#0b6bb8", "#c2570c"


def moving_mean(points):
    """A point for every MEAN_OVER / 4 steps: the mean of the MEAN_OVER steps up to it."""
    drawn = []
    for end in range(MEAN_OVER, len(points) + 1, MEAN_OVER // 4):
        window = [value for _, value in points[end - MEAN_OVER : end]]
        drawn.append((points[end - 1][0], sum(window) / len(window)))
    return drawn


def ticks(low, high):
    """Four to eight round numbers in between."""
    rough = (high - low) / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def number(value):
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}" if abs(value) > 1e-12 else "0"


def panel(column, row, title, lines, last_step, switches, level=None, from_zero=False):
    """One small chart: lines are (label, colour, points, dots?)."""
    x0, y0 = LEFT + column * (WIDTH + GAP_X), TOP + row * (HEIGHT + GAP_Y)
    values = [value for _, _, points, _ in lines for _, value in points] + ([] if level is None else [level])
    low, high = min(values + ([0] if from_zero else [])), max(values)
    margin = (high - low or abs(high) or 1) * 0.06
    low, high = (low if from_zero else low - margin), high + margin

    def x(step):
        return x0 + WIDTH * step / last_step

    def y(value):
        return y0 + HEIGHT * (high - value) / (high - low)

    svg = [f'<text x="{x0}" y="{y0 - 12}" font-weight="600">{title}</text>']
    for value in ticks(low, high):
        svg.append(f'<line x1="{x0}" x2="{x0 + WIDTH}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="{GRID}"/>')
        svg.append(f'<text x="{x0 - 8}" y="{y(value) + 4:.1f}" text-anchor="end" font-size="11">{number(value)}</text>')
    for step in ticks(0, last_step):
        svg.append(f'<text x="{x(step):.1f}" y="{y0 + HEIGHT + 18}" text-anchor="middle" font-size="11">{step}</text>')
    for step in switches:
        svg.append(f'<line x1="{x(step):.1f}" x2="{x(step):.1f}" y1="{y0}" y2="{y0 + HEIGHT}" stroke="{INK}" stroke-dasharray="2 3"/>')
    if level is not None:
        svg.append(f'<line x1="{x0}" x2="{x0 + WIDTH}" y1="{y(level):.1f}" y2="{y(level):.1f}" stroke="{INK}" stroke-width="1.2"/>')
    for i, (label, colour, points, dots) in enumerate(lines):
        path = " ".join(f"{x(step):.1f},{y(value):.1f}" for step, value in points)
        svg.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        if dots:
            svg += [f'<circle cx="{x(step):.1f}" cy="{y(value):.1f}" r="2.4" fill="{colour}"/>' for step, value in points]
        if label:
            svg.append(f'<text x="{x0 + WIDTH - 4}" y="{y0 + 14 + 15 * i}" text-anchor="end" font-size="11" fill="{colour}" stroke="#ffffff" stroke-width="3" paint-order="stroke">{label}</text>')
    return svg


def main(ledger_file, versions_folder, memory_file):
    entries = json.loads(pathlib.Path(ledger_file).read_text())["entries"]
    done = [entry for entry in entries if entry["kind"] == "StepDone"]
    switches = [entry["step"] for entry in entries if entry["kind"] == "StageSwitched"]
    last = done[-1]["step"]

    def measured(name):
        return [(entry["step"], entry["metrics"][name]) for entry in done]

    manifests = [json.loads(path.read_text()) for path in sorted(pathlib.Path(versions_folder).glob("*/manifest.json"))]

    def held_out(name):
        return [(m["step"], m["evaluation"][name]) for m in manifests if name in m["evaluation"]]

    memory = [tuple(map(float, row)) for row in csv.reader(open(memory_file))]
    charts = [
        panel(0, 0, "held-out m_w / r_w, each published version", [("", BLUE, held_out("held_out.m_w_over_r_w"), True)], last, switches, level=1),
        panel(1, 0, "held-out implicit accuracy", [("", BLUE, held_out("held_out.implicit_accuracy"), True)], last, switches, level=0.5),
        panel(
            0,
            1,
            f"errors less the reference's, mean of {MEAN_OVER} steps",
            [("d_w, real images", BLUE, moving_mean(measured("d_w")), False), ("d_l, negatives", ORANGE, moving_mean(measured("d_l")), False)],
            last,
            switches,
            level=0,
        ),
        panel(1, 1, f"gradient factor, mean of {MEAN_OVER} steps", [("", BLUE, moving_mean(measured("gradient_factor")), False)], last, switches, from_zero=True),
        panel(0, 2, "2-norm of the adapter's up matrices", [("", BLUE, measured("adapter_norm")[::20], False)], last, switches, from_zero=True),
        panel(1, 2, "learning rate", [("", BLUE, measured("learning_rate")[::10], False)], last, switches, from_zero=True),
        panel(0, 3, "resident memory of the whole process, MB", [("", BLUE, [(s, b / 1e6) for s, b, _ in memory], False)], last, switches, from_zero=True),
        panel(1, 3, "native arrays open", [("", BLUE, [(s, t) for s, _, t in memory], False)], last, switches, from_zero=True),
    ]
    width, height = LEFT + 2 * WIDTH + GAP_X + 30, TOP + 4 * HEIGHT + 3 * GAP_Y + 50
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="DejaVu Sans, Verdana, sans-serif" font-size="13" fill="{INK}">')
    print(f'<rect width="{width}" height="{height}" fill="#ffffff"/>')
    print(f'<text x="{LEFT}" y="24" font-size="12">steps; the dotted line is the switch from stage 1 to stage 2</text>')
    for chart in charts:
        print("\n".join(chart))
    print("</svg>")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
