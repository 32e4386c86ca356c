"""The figures as Markdown tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from lab.bench.aims import Aim, aims
from lab.bench.figures import Cpu, OfRun, Results, middle, own_share, own_time, sizes, values


def markdown(results: Results) -> str:
    """All tables, with a line about where they come from."""
    parts = [
        f"{results.machine}; {results.engine} engine, {results.parallel} resources at a time. "
        f"{_counts(results)} Seconds; the median, and in brackets the least and the most.",
    ]
    if results.ups:
        parts += [
            "### `up`",
            _ups(results),
            "### Who uses the processors during `up`",
            _cpu(results),
        ]
    if results.previews:
        parts += ["### `preview`", _previews(results)]
    parts += ["### Aims", aims_table(aims(results))]
    return "\n\n".join(parts) + "\n"


def spread(found: Sequence[float]) -> str:
    """The median of some seconds, and what they lie between."""
    if len(found) == 1:
        return f"{found[0]:.1f}"
    return f"{median(found):.1f} ({min(found):.1f} to {max(found):.1f})"


def _counts(results: Results) -> str:
    runs = [len(values(results.ups, n, lambda run: run.wall)) for n in sizes(results.ups)]
    runs += [
        len(values(results.previews, n, lambda run: run.wall)) for n in sizes(results.previews)
    ]
    least = min(runs, default=0)
    return "1 run of each." if least == 1 else f"{least} runs of each."


def _ups(results: Results) -> str:
    rows = []
    for nodes in sizes(results.ups):
        ups = [run for run in results.ups if run.nodes == nodes]
        rows.append(
            [
                str(nodes),
                str(ups[0].resources),
                spread(values(results.ups, nodes, lambda run: run.wall)),
                spread(values(results.bares, nodes, lambda run: run.wall)),
                f"{own_time(results, nodes):.1f}",
                f"{own_share(results, nodes):.0%}",
                spread(values(results.ups, nodes, lambda run: run.between_calls)),
                str(max(run.path for run in ups)),
                f"{middle(results.ups, nodes, lambda run: run.first_resource):.2f}",
            ]
        )
    head = [
        "nodes",
        "resources",
        "`up`",
        "bare loop",
        "own time",
        "own share",
        "between calls",
        "calls on the path",
        "first resource",
    ]
    return table(head, rows)


def _cpu(results: Results) -> str:
    parts: list[tuple[str, Callable[[Cpu], float]]] = [
        ("program", lambda cpu: cpu.program),
        ("engine", lambda cpu: cpu.engine),
        ("providers", lambda cpu: cpu.providers),
        ("commands", lambda cpu: cpu.commands),
        ("fake AWS", lambda cpu: cpu.cloud),
        ("machines", lambda cpu: cpu.machines),
        ("all", lambda cpu: cpu.total),
    ]
    rows = []
    for nodes in sizes(results.ups):
        seconds = [f"{_middle_cpu(results.ups, nodes, of):.1f}" for _, of in parts]
        own = _middle_cpu(results.ups, nodes, lambda cpu: cpu.own_share)
        rows.append([str(nodes), *seconds, f"{own:.0%}"])
    return table(["nodes", *(name for name, _ in parts), "program and engine"], rows)


def _middle_cpu(runs: Sequence[OfRun], nodes: int, of: Callable[[Cpu], float]) -> float:
    return middle(runs, nodes, lambda run: of(run.cpu))


def _previews(results: Results) -> str:
    rows = []
    for nodes in sizes(results.previews):
        runs = [run for run in results.previews if run.nodes == nodes]
        wall = middle(results.previews, nodes, lambda run: run.wall)
        rows.append(
            [
                str(nodes),
                str(runs[0].resources),
                spread(values(results.previews, nodes, lambda run: run.wall)),
                f"{1000 * wall / runs[0].resources:.0f} ms",
                f"{_middle_cpu(results.previews, nodes, lambda cpu: cpu.program):.1f}",
                f"{_middle_cpu(results.previews, nodes, lambda cpu: cpu.engine):.1f}",
                f"{_middle_cpu(results.previews, nodes, lambda cpu: cpu.providers):.1f}",
            ]
        )
    head = ["nodes", "resources", "`preview`", "for a resource"]
    return table([*head, "CPU: program", "engine", "providers"], rows)


def aims_table(found: Sequence[Aim]) -> str:
    """Aims, and whether they are met."""
    rows = [
        [
            aim.what,
            f"{aim.found:.2f}{aim.unit}" if aim.unit != "%" else f"{aim.found:.0f}%",
            f"{aim.limit:g}{aim.unit}",
            "yes" if aim.met else "no",
        ]
        for aim in found
    ]
    return table(["what", "measured", "at most", "met"], rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
