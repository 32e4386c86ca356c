"""Draws docs/packages.svg, the packages and who imports whom: python docs/packages.py.

Nothing in it is written by hand: packages are folders with an `__init__.py`, their words are the
first sentence of its docstring, and arrows are imports. An arrow always leads down: where packages
import each other, there is no picture. Tests are left out, which import all of them.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from graphlib import TopologicalSorter
from html import escape
from pathlib import Path

PROJECT = Path(__file__).parent.parent
PROGRAM = "__main__"
INK, FAINT, FILL = "#1f2933", "#52606d", "#dcebfa"
LEFT, TOP, WIDTH, HEIGHT, GAP = 10, 10, 640, 44, 20
BEND = 34
"""How far to the right an arrow goes for each row that it passes."""


def packages() -> dict[str, list[Path]]:
    """The modules of each package, and the program itself, without tests."""
    folders = sorted(path.parent for path in PROJECT.glob("*/__init__.py"))
    found = {
        folder.name: [one for one in sorted(folder.rglob("*.py")) if "tests" not in one.parts]
        for folder in folders
        if folder.name != "tests"
    }
    return {PROGRAM: [PROJECT / "__main__.py"], **found}


def imported(module: Path) -> Iterator[str]:
    """The top of each name that a module imports."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def imports(files: Mapping[str, list[Path]]) -> list[tuple[str, str]]:
    """Which package imports which, by both names."""
    found = {
        (package, name)
        for package, modules in files.items()
        for module in modules
        for name in imported(module)
        if name in files and name != package
    }
    return sorted(found)


def in_order(names: Collection[str], arrows: Iterable[tuple[str, str]]) -> list[str]:
    """The packages, each above those that it imports: the longest way down comes first.

    Raises:
        graphlib.CycleError: packages import each other.
    """
    below = {name: [end for start, end in arrows if start == name] for name in names}
    height: dict[str, int] = {}
    for name in TopologicalSorter(below).static_order():
        height[name] = max((height[one] + 1 for one in below[name]), default=0)
    return sorted(names, key=lambda name: (-height[name], name))


def words(module: Path) -> str:
    """The first sentence of what a module says of itself."""
    note = " ".join((ast.get_docstring(ast.parse(module.read_text())) or "").split())
    return f"{note.partition('. ')[0].removesuffix('.')}."


def _text(x: float, y: float, text: str, style: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" {style}>{escape(text)}</text>\n'


def _box(row: int, name: str, note: str, inner: Iterable[str]) -> str:
    top = TOP + row * (HEIGHT + GAP)
    return (
        f'<rect x="{LEFT}" y="{top}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="{FILL}" '
        f'stroke="{INK}"/>\n'
        + _text(LEFT + 12, top + 18, name, 'class="name"')
        + _text(LEFT + WIDTH - 12, top + 18, ", ".join(inner), 'class="note" text-anchor="end"')
        + _text(LEFT + 12, top + 35, note, 'class="note"')
    )


def _arrow(start: int, end: int) -> str:
    """An arrow from a row down to another one, to the right of the boxes."""
    right = LEFT + WIDTH
    first, last = (TOP + row * (HEIGHT + GAP) + HEIGHT / 2 for row in (start, end))
    # They leave below the middle of a box, and arrive above it.
    first, last = first + 8, last - 8
    far = right + BEND * (end - start + 0.5)
    path = f"M {right} {first:g} C {far:g} {first:g} {far:g} {last:g} {right + 3} {last:g}"
    return f'<path d="{path}" fill="none" stroke="{INK}" marker-end="url(#head)"/>\n'


def picture() -> str:
    """The text of docs/packages.svg: the same imports give the same text."""
    files = packages()
    arrows = imports(files)
    names = in_order([*files], arrows)
    # A curve goes three quarters of the way to where its handles are.
    width = LEFT + WIDTH + LEFT + 0.75 * BEND * (len(names) - 0.5)
    height = 2 * TOP + len(names) * (HEIGHT + GAP) - GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}">\n'
        f"<style>text {{ font-family: sans-serif; fill: {INK} }} "
        f".name {{ font-size: 14px; font-weight: bold }} "
        f".note {{ font-size: 11px; fill: {FAINT} }}"
        "</style>\n"
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M 0 0 L 8 4 L 0 8 z" fill="{INK}"/>'
        "</marker></defs>\n"
        f'<rect width="{width:g}" height="{height:g}" fill="white"/>\n'
    ]
    for row, name in enumerate(names):
        folder = PROJECT / name
        inner = sorted(one.parent.name for one in folder.glob("*/__init__.py"))
        shown = f"{name}.py" if name == PROGRAM else f"{name}/"
        inner = [one for one in inner if one != "tests"]
        parts.append(_box(row, shown, words(files[name][0]), inner))
    parts += [_arrow(names.index(start), names.index(end)) for start, end in arrows]
    return "".join([*parts, "</svg>\n"])


if __name__ == "__main__":
    target = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_suffix(".svg")
    target.write_text(picture())
