"""The figures of the running chain as Markdown: on a free link, a falling one, one with outages, for long."""

import math

from benchmarks.harness.evidence import (
    CAMERAS,
    ChainResult,
    ChainRow,
    OutagesResult,
    SoakResult,
    StepsResult,
)
from benchmarks.harness.labels import name_of
from benchmarks.harness.markdown import number, table

_FRESH = 0.7  # s after an outage until there must be a fresh picture
_LONGEST_CALLBACK = 5.0  # ms
_MACHINE_SHARE = 0.35  # of all cores, for super-resolution at 25 Hz
_FLAT = 5.0  # MB that memory may move by
_EVEN = 2.0  # times the median that the age's p99 may be
_SENT = 0.97  # of the rate asked for: a camera that sends less is what holds its row up


def chain_table(result: ChainResult) -> str:
    """The figures of each run beside what they must be; then each node's."""
    lines: dict[str, list[str]] = {
        "pictures shown per second": [number(row.fps_shown, 2) for row in result.rows],
        "bytes per frame": [number(row.bytes_per_frame, 0) for row in result.rows],
        "age p50 / p95 / p99, ms": [
            f"{row.age_p50_ms:.0f} / {row.age_p95_ms:.0f} / {row.age_p99_ms:.0f}" for row in result.rows
        ],
        "shown out of order": [str(row.out_of_order) for row in result.rows],
        "frames sent / received / published / shown": [_counts(row) for row in result.rows],
        "frames dropped": [_dropped(row) for row in result.rows],
        "of the machine: nodes / camera and observer": [
            f"{row.machine_share:.0%} / {row.cameras_share:.0%}" for row in result.rows
        ],
    }
    goals = {
        "pictures shown per second": "≥ 24.5",
        "age p50 / p95 / p99, ms": "p95 ≤ 100",
        "shown out of order": "0",
        "of the machine: nodes / camera and observer": f"nodes ≤ {_MACHINE_SHARE:.0%} where they enlarge",
    }
    whole = table(
        ("", *(_run(row) for row in result.rows), "goal"),
        [(name, *cells, goals.get(name, "")) for name, cells in lines.items()],
    )
    first = result.rows[0]
    return "\n\n".join(
        (
            f"{first.camera}, link `{first.link}`, `{first.model}`, {first.seconds:.0f} s each, "
            f"{result.machine}.",
            whole,
            *(f"{_run(row)}:\n\n{_node_table(row)}" for row in result.rows),
            f"Memory: resident, from {first.warm_up_seconds:.0f} s after the start on.",
        )
    )


def _run(row: ChainRow) -> str:
    return f"onboard with {_given(row)}" if row.onboard else "all by default"


def _given(row: ChainRow) -> str:
    return ", ".join(f"`{name}: {value}`" for name, value in row.onboard.items())


def _counts(row: ChainRow) -> str:
    frames = (row.frames_sent, row.frames_received, row.frames_published, row.frames_shown)
    return " / ".join(f"{count:,}" for count in frames)


def _dropped(row: ChainRow) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in row.dropped.items() if count) or "none"


def _node_table(row: ChainRow) -> str:
    head = ("process", "ms per stage: mean (max)", "processor ms per picture", "memory MB", "MB per minute")
    rows = []
    for node, usage in row.nodes.items():
        stages = [
            f"{name.removeprefix(f'{node}: ')} {stage.mean:.1f} ({stage.max:.0f})"
            for name, stage in row.stages_ms.items()
            if name.startswith(f"{node}: ")
        ]
        memory = f"{usage.resident_mb_settled:.0f} → {usage.resident_mb_last:.0f}"
        slope = f"{usage.resident_mb_per_minute:+.2f}"
        rows.append((f"`{node}`", ", ".join(stages), number(usage.cpu_ms_per_picture, 1), memory, slope))
    return table(head, rows)


def growth_table(result: ChainResult) -> str:
    """A line for each rate; and up to which the pictures followed, by size and number of the cameras."""
    head = (
        *("cameras", "camera's Hz", "shown per s", "age after the link, ms", "age shown, ms"),
        *("encode / upscale / publish, ms", "processor ms a picture", "of the machine: nodes / others"),
        "memory, MB",
    )
    lines = []
    best: dict[str, float] = {}
    for row in result.growth:
        cameras = f"{row.cameras} × {row.camera.partition(' ')[0]}"
        held_up = row.fps_camera < _SENT * row.fps_asked
        best[cameras] = max(row.fps_shown, best.get(cameras, 0.0))
        nodes = [usage for node, usage in row.nodes.items() if name_of(node) not in CAMERAS]
        stages = ("onboard: encode", "ground_station: upscale", "ground_station: publish")
        pictures = row.fps_shown * row.cameras
        lines.append(
            (
                cameras,
                f"{row.fps_asked:g}" + (f" (sent {row.fps_camera:.1f})" if held_up else ""),
                number(row.fps_shown, 1),
                f"{row.age_received_p50_ms:.0f} / {row.age_received_p95_ms:.0f}",
                f"{row.age_p50_ms:.0f} / {row.age_p95_ms:.0f}",
                " / ".join(number(row.stages_ms[stage].mean, 1) for stage in stages),
                number(1e3 * sum(usage.core_share for usage in nodes) / pictures, 1),
                f"{row.machine_share:.0%} / {row.cameras_share:.0%}",
                number(sum(usage.resident_mb_last for usage in nodes), 0),
            )
        )
    first = result.growth[0]
    most = ", ".join(f"{cameras} {fps:.1f}" for cameras, fps in best.items())
    return (
        f"`{first.model}`, onboard with {_given(first)}, link `{first.link}`, {first.seconds:.0f} s each, "
        f"{result.machine}; ages are p50 / p95, memory is that of all nodes together, others are "
        f"cameras and observer.\n\n{table(head, lines)}\n\nMost pictures per second and camera: {most}."
    )


def soak_table(result: SoakResult) -> str:
    """What must hold for long, and what did."""
    row = result.row
    memory = [
        (
            f"`{node}`: memory from {row.warm_up_seconds:.0f} s on, MB",
            f"{usage.resident_mb_settled:.0f} ± {usage.resident_mb_deviation:.1f} "
            f"({usage.resident_mb_per_minute:+.2f} a minute)",
            f"± {_FLAT:g}",
        )
        for node, usage in row.nodes.items()
        if node not in CAMERAS
    ]
    lines = [
        *memory,
        ("shown out of order", str(row.out_of_order), "0"),
        (
            "age p50 / p95 / p99, ms",
            f"{row.age_p50_ms:.0f} / {row.age_p95_ms:.0f} / {row.age_p99_ms:.0f}",
            f"p99 ≤ {_EVEN * row.age_p50_ms:.0f}",
        ),
        ("pictures shown per second", number(row.fps_shown, 2), ""),
        ("pictures shown", f"{row.frames_shown:,}", ""),
        (
            "of the machine: nodes / camera and observer",
            f"{row.machine_share:.0%} / {row.cameras_share:.0%}",
            "",
        ),
    ]
    return (
        f"{row.camera}, link `{row.link}`, `{row.model}`, onboard with {_given(row)}, {row.seconds:.0f} s, "
        f"{result.machine}.\n\n{table(('', 'measured', 'goal'), lines)}"
    )


def steps_table(result: StepsResult) -> str:
    """A line for each step, and at how many the age recovered."""
    after = f"{result.settled_after_s:g} s"
    head = (
        *("link, kB/s", "of the usable capacity", "bytes per frame", "shown per s"),
        *("age p50 / p95, ms", f"p95 from {after} on"),
    )
    rows = [
        (
            f"{row.kbps / 8:,g}",
            f"{row.capacity_used:.0%}",
            number(row.bytes_per_frame, 0),
            number(row.fps_shown, 1),
            f"{number(row.age_p50_ms, 0)} / {number(row.age_p95_ms, 0)}",
            number(row.age_p95_settled_ms, 0),
        )
        for row in result.rows
    ]
    late = [f"{row.kbps / 8:,g}" for row in result.rows if not row.recovered]
    missed = f"; not at {', '.join(late)} kB/s" if late else ""
    return (
        f"{result.camera}, link `{result.link}`, `{result.model}`, {result.machine}.\n\n"
        f"{table(head, rows)}\n\nFrom {after} after a step on, the age's p95 was within "
        f"{result.age_bound_ms:.0f} ms at {len(rows) - len(late)} of {len(rows)} steps{missed}."
    )


def outage_table(result: OutagesResult) -> str:
    """A line for each link: its worst outage in each respect."""
    nodes = list(result.rows[0].memory)
    head = (
        *("link, kbit/s", "outages", "fresh picture after, s"),
        *("`onboard`'s callbacks, ms: mean / p99 / max", "max in outages"),
        *(f"`{node}`, MB: before → end → after" for node in nodes),
    )
    lines = []
    for times in result.callbacks:
        rows = [row for row in result.rows if row.kbps == times.kbps]
        told = [row.callback_max_ms for row in rows if row.callback_max_ms is not None]
        grown = [
            max((row.memory[node] for row in rows), key=lambda memory: memory.after - memory.before)
            for node in nodes
        ]
        lines.append(
            (
                f"{times.kbps:,g}",
                f"{len(rows)} × {rows[0].seconds:g} s",
                ", ".join(sorted(number(row.fresh_s, 2) for row in rows)),
                f"{times.mean:.1f} / {times.p99:.1f} / {times.max:.1f}",
                number(max(told, default=None), 1),
                *(f"{memory.before:.0f} → {memory.end:.0f} → {memory.after:.0f}" for memory in grown),
            )
        )
    soon = sum((row.fresh_s or math.inf) <= _FRESH for row in result.rows)
    longest = max(times.max for times in result.callbacks)
    priority = "real-time" if result.real_time else "ordinary"
    return (
        f"{result.camera}, delay and queue of link `{result.link}`, `{result.model}`, "
        f"{result.machine}, `onboard` with {priority} priority.\n\n"
        f"{table(head, lines)}\n\nWithin {_FRESH:g} s there was a fresh picture after {soon} of "
        f"{len(result.rows)} outages; the longest of `onboard`'s callbacks took {longest:.1f} ms, "
        f"of the {_LONGEST_CALLBACK:g} allowed."
    )
