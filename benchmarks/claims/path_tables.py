"""The figures of single nodes as Markdown: what they add to the network, their start, their idleness."""

from benchmarks.harness.evidence import CAMERAS, IdleResult, PathResult
from benchmarks.harness.markdown import number, table

_RATIO = {"edgesrgan_tiny": 1.6, "edgesrgan": 1.2}  # path by network at most, by family
_ENCODED = 4.0  # ms at most
_READY = 2.0  # s at most
_IDLE = 0.02  # of a core at most


def path_table(result: PathResult) -> str:
    """The ground station's path beside the bare network; then the robot's encoder."""
    first = result.rows[0]
    stages = tuple(first.stages_ms)
    head = ("", "network, ms", "path, ms", "ratio", "goal", *(f"{s}, ms" for s in stages), "delivered, ms")
    lines = [
        (
            f"`{row.model}`",
            f"{row.network_ms.p50:.1f} / {row.network_ms.p95:.1f}",
            f"{row.path_ms.p50:.1f} / {row.path_ms.p95:.1f}",
            number(row.ratio, 2),
            f"≤ {_RATIO['edgesrgan_tiny' if row.model.startswith('edgesrgan_tiny') else 'edgesrgan']:.2f}",
            *(number(row.stages_ms[stage], 2) for stage in stages),
            f"{row.delivered_ms.p50:.1f} / {row.delivered_ms.p95:.1f}",
        )
        for row in result.rows
    ]
    encoding = [
        (
            f"{row.quality}",
            number(row.bytes_per_frame, 0),
            number(row.reduce_ms.p50, 2),
            number(row.encode_ms.p50, 2),
            f"{row.total_ms.p50:.2f} / {row.total_ms.p95:.2f}",
            f"≤ {_ENCODED:g}",
        )
        for row in result.encoding
    ]
    encoding_head = ("WebP quality", "bytes", "reduce, ms", "encode, ms", "both p50 / p95, ms", "goal")
    return (
        f"160x120 WebP of {first.bytes_per_frame:,.0f} bytes in, 640x480 `sensor_msgs/Image` out, "
        f"{first.backend}, {first.threads} threads, {result.machine}; "
        f"p50 / p95, stages are means.\n\n{table(head, lines)}\n\n"
        f"The robot's half, 640x480 to 160x120 WebP on one core:\n\n{table(encoding_head, encoding)}"
    )


def idle_table(result: IdleResult) -> str:
    """A line for each node: how soon it was ready, and what it takes while nobody looks."""
    idle = {row.node: row for row in result.idle}
    lines = []
    for start in result.starts:
        row = idle[start.node]
        source = start.node in CAMERAS
        lines.append(
            (
                f"`{start.node}`",
                f"{start.p50_s:.2f} ({start.max_s:.2f})",
                f"{row.core_share:.1%}" + (" (it publishes)" if source else ""),
                number(row.resident_mb, 0),
            )
        )
    head = ("", "ready after, s: median (max)", "idle, of a core", "memory, MB")
    goals = ("goal", f"≤ {_READY:g}", f"≤ {_IDLE:.0%}", "")
    return (
        f"{result.starts[0].starts} starts each; then {result.idle_seconds:.0f} s with a camera of "
        f"{result.camera} and nobody who looks at the pictures.\n\n{table(head, [*lines, goals])}"
    )
