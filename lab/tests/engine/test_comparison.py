"""Both engines foresee, do and keep the same: previews, calls in order, states, exit statuses.

What differs all the same, and why, is in docs/lab.md, "Engines".
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.tests.engine.conftest import ENGINES
from lab.tests.engine.harness import Completed, Stack

# What is by chance, or tells where and when.
_CHANCE = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|[+-]\d\d:\d\d)?", "TIME"),
    (r"v1:[A-Za-z0-9+/=:]+", "SEALED"),
    (r"\b([a-f])-\d+-\d+\b", r"\1-ID"),
)
_APART = {"duration", "sourcePosition", "stackTrace"}
FIRST = """
    group = Group("g")
    a = Thing("a", value=config.get("value") or "one", password=config.require_secret("password"))
    b = Thing("b", opts(parent=group), value=a.token, unique=config.get("unique") or "x", dbr=True)
    c = Thing("c", opts(depends_on=[b]), unique=b.id)
    d = Thing("d", opts(depends_on=[c], protect=True), list=[1, None, {"x": a.echo}])
    group.register_outputs({"token": b.token})
    pulumi.export("token", b.token)
    pulumi.export("password", config.require_secret("password"))
"""
LATER = """
    a = Thing("a", value="one", password=config.require_secret("password"))
    d = Thing("d", opts(depends_on=[a]), list=[])
"""
LEFT = f"""{LATER}
    for name in "ef":
        d = Thing(name, opts(depends_on=[d], retain_on_delete=True), value="mine")
"""
TAKEN = f"""{LATER}
    kept = dict(ignore_changes=["value"], retain_on_delete=True)
    e = Thing("e", opts(depends_on=[d], import_="name:e", **kept))
    Thing("f", opts(depends_on=[e], import_="name:f"), value="yours")
"""


def job(stack: Stack) -> Iterator[tuple[str, Any]]:
    """A stack's whole life; gives what each part of it foresaw and left."""
    stack.run("config", "set", "--secret", "password", "correct-horse")
    stack.program(FIRST)
    yield "made", _part(stack, "up")
    yield "again", _part(stack, "up")
    stack.configure(value="two")
    yield "updated", _part(stack, "up")
    stack.configure(unique="y")
    stack.fail("create", "b", "no capacity")
    yield "failed in a replacement", _part(stack, "up")
    stack.mend()
    yield "carried on", _part(stack, "up")
    stack.program("raise ValueError('out of luck')")
    yield "a program that fails", _part(stack, "up")
    stack.program(LATER)
    yield "less", _part(stack, "up")
    stack.program(LEFT)
    yield "more, to be left", _part(stack, "up")
    stack.program(LATER)
    yield "left", _part(stack, "up")
    stack.program(TAKEN)
    yield "taken, one as it is", _part(stack, "up")
    yield "taken before", _part(stack, "up")
    yield "looked at", _part(stack, "refresh")
    yield "gone", _part(stack, "destroy")


def _part(stack: Stack, command: str) -> Any:
    stack.forget_calls()
    foreseen = stack.preview("--json", "--parallel", "1")
    done = stack.run(command, "--yes", "--skip-preview", "--parallel", "1")
    found = {
        "preview": _foreseen(foreseen),
        "status": done.code,
        "calls": stack.calls("create", "update", "delete", "read"),
        "state": sorted(_without(stack.checkpoint().get("resources") or []), key=_place),
        "pending": _without(stack.checkpoint().get("pending_operations") or []),
    }
    text = json.dumps(found, sort_keys=True).replace(str(stack.folder), "FOLDER")
    for pattern, word in _CHANCE:
        text = re.sub(pattern, word, text)
    return json.loads(text)


def _foreseen(done: Completed) -> Any:
    """How a preview ended and what it printed; what depends on nothing has no order there."""
    found = _without(json.loads(done.out))
    found["steps"] = sorted(found.get("steps") or (), key=_place)
    return {"status": done.code, "printed": found}


def _place(one: Any) -> tuple[str, str]:
    return one["urn"], one.get("op", "")


def _without(part: Any) -> Any:
    if isinstance(part, dict):
        found = {key: _without(one) for key, one in part.items() if key not in _APART}
        if "dependencies" in found:
            found["dependencies"] = sorted(found["dependencies"])
        return found
    return [_without(one) for one in part] if isinstance(part, list) else part


def _difference(embedded: Any, pulumi: Any) -> str:
    texts = [json.dumps(one, indent=1, sort_keys=True).splitlines() for one in (embedded, pulumi)]
    return "\n".join(difflib.unified_diff(*texts, "embedded", "pulumi", lineterm="", n=4))


def _done_by(engine: str, folder: Path) -> dict[str, Any]:
    stack = Stack(folder, engine)
    stack.prepare()
    # Where the CLI doesn't warn of it, as it does of one on the PATH.
    plugin = folder / "home" / "plugins" / "resource-testing-v1.2.3"
    plugin.mkdir(parents=True)
    (folder / "bin" / "pulumi-resource-testing").rename(plugin / "pulumi-resource-testing")
    return dict(job(stack))


@pytest.mark.skipif(
    len(ENGINES) < 2, reason="PULUMI CLI NOT TESTED, nothing compared: ./run pulumi"
)
def test_a_stacks_whole_life_is_the_same_with_both_engines(tmp_path: Path) -> None:
    embedded, pulumi = (_done_by(engine, tmp_path / engine) for engine in ENGINES)
    statuses = {name: (one["preview"]["status"], one["status"]) for name, one in pulumi.items()}
    assert [name for name, both in statuses.items() if any(both)] == [
        "failed in a replacement",
        "a program that fails",
    ]
    differences = {name: _difference(embedded[name], pulumi[name]) for name in pulumi}
    assert not any(differences.values()), "\n".join(
        f"{name}:\n{text}" for name, text in differences.items() if text
    )
