"""Both engines do the same with a cluster: previews, states, order and exit statuses.

A stack's life without a cluster is compared in every run: lab/tests/engine/test_comparison.py. What
differs all the same, and why, is in docs/lab.md, "Engines".
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from lab.engines import Engine, find_cli
from tests.lab.conftest import Completed, new_lab
from tests.lab.watching import require_order

pytestmark = [
    pytest.mark.lab,
    pytest.mark.matrix,
    pytest.mark.xdist_group("engines"),
    pytest.mark.skipif(
        find_cli() is None,
        reason="PULUMI CLI NOT TESTED: the engines aren't compared; ./run pulumi",
    ),
]

# What is another one in each lab. The longer patterns come first.
_CHANCE = (
    (r"ssh-(?:ed25519|rsa) [A-Za-z0-9+/=]+", "KEY"),
    (r"arn:aws:[^\"\s]+", "ARN"),
    (r"-----BEGIN [\s\S]*?-----END [A-Z ]+-----\\?n?", "PEM"),
    (
        r"\b(i|eni|sg|sgr|subnet|vpc|vol|eipalloc|eipassoc|rtb|rtbassoc|igw|ami|acl|ep)-[0-9a-f]{8,}",
        "ID",
    ),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UUID"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*(?:Z|[+-]\d\d:\d\d)?", "TIME"),
    (r"\b[0-9a-f]{32,}\b", "HASH"),
    (r"\bv1:[A-Za-z0-9+/=:]+", "SEALED"),
    (r"\b(?:(?!10\.5\.)\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\b", "ADDRESS"),
    (r"\bec2-[\d-]+", "NAME"),
    (r"\b\d+(?:\.\d+)? ?(?:s|ms|seconds)\b", "SECONDS"),
)
_PASSING = {
    "created",
    "modified",
    "duration",
    "creationDate",
    "launchTime",
    "uniqueId",
    "sourceCodeHash",
}
_FREE = {"ciphertext", "sourcePosition", "stackTrace", "retainOnDelete", "importID"}


@dataclass(frozen=True)
class Step:
    """What a part of the job left, without what is by chance.

    Attributes:
        preview: how it ended, and what it foresaw.
        update: how it ended.
        printed: what the update printed.
        state: by URN.
    """

    preview: Any
    update: int
    printed: str
    state: Mapping[str, Any]


class Job:
    """The main job with one engine, in a lab of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lab = new_lab("engines")

    def steps(self) -> Iterator[tuple[str, Step]]:
        """Deploy, change, and take away; gives what each part left."""
        yield "made", self._step("up", preview=False)
        yield "again", self._step("up")
        self._ok("config", "set", "nodeCount", "3")
        yield "a node more", self._step("up")
        self._ok("config", "set", "nodeCount", "2")
        self._ok("config", "set", "--path", "retiredNodes[0]", "1")
        yield "a node less", self._step("up")
        self._ok("config", "set", "nodeInstanceType", "c5.4xlarge")
        yield "replaced", self._step("up")
        self._ok("config", "set", "maxUnavailable", "-1")
        yield "refused", self._step("up")
        self._ok("config", "rm", "maxUnavailable")
        yield "gone", self._step("destroy", preview=False)

    def end(self) -> None:
        """Forget the lab."""
        self._ok("reset")

    def _step(self, command: str, *, preview: bool = True) -> Step:
        foreseen = _foreseen(self._run("preview", "--json")) if preview else None
        update = self._run(command)
        exported = json.loads(self._ok("state"))["deployment"].get("resources") or []
        return Step(
            self._without_chance(foreseen),
            update.status,
            update.out + update.err,
            self._without_chance({one["urn"]: _resource(one) for one in exported}),
        )

    def _run(self, *arguments: str) -> Completed:
        return self._lab.run("--engine", self._engine, *arguments)

    def _ok(self, *arguments: str) -> str:
        return self._lab.ok("--engine", self._engine, *arguments)

    def _without_chance(self, found: Any) -> Any:
        text = json.dumps(found, sort_keys=True)
        text = text.replace(self._lab.directory.stack, "STACK").replace(self._lab.name, "LAB")
        for pattern, word in _CHANCE:
            text = re.sub(pattern, word, text)
        return json.loads(text)


def _foreseen(done: Completed) -> Any:
    """How a preview ended, and what of it is no chance: steps come in no order."""
    found = json.loads(done.out or "{}")
    steps = {
        f"{one['op']} {one['urn']}": {
            "reasons": sorted(one.get("diffReasons") or ()),
            "replaces": sorted(one.get("replaceReasons") or ()),
            "detailed": one.get("detailedDiff"),
            "new": _resource(one["newState"]) if "newState" in one else None,
        }
        for one in found.get("steps") or ()
        if one["op"] != "same"
    }
    said = sorted(one["message"] for one in found.get("diagnostics") or ())
    return {
        "status": done.status,
        "steps": steps,
        "said": said,
        "config": found.get("config"),
        "summary": found.get("changeSummary"),
    }


def _resource(state: Mapping[str, Any]) -> Any:
    return _plain({key: part for key, part in state.items() if key not in _FREE})


def _plain(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _plain(one) for key, one in part.items() if key not in _PASSING | _FREE}
    if isinstance(part, list):
        plain = [_plain(one) for one in part]
        return plain if any(isinstance(one, dict) for one in plain) else sorted(plain, key=str)
    return part


def done_by(engine: Engine) -> Mapping[str, Step]:
    """What each part of the job left with an engine."""
    job = Job(engine)
    try:
        return dict(job.steps())
    finally:
        job.end()


def _difference(one: Any, other: Any) -> str:
    texts = [json.dumps(part, indent=1, sort_keys=True).splitlines() for part in (one, other)]
    return "\n".join(difflib.unified_diff(*texts, "embedded", "pulumi", lineterm="", n=6))


def test_the_main_job_is_the_same_with_both_engines() -> None:
    embedded, pulumi = done_by(Engine.EMBEDDED), done_by(Engine.PULUMI)
    for name, step in embedded.items():
        other = pulumi[name]
        assert step.update == other.update, f"{name}\n{step.printed}\n{other.printed}"
        assert not _difference(step.preview, other.preview), name
        assert not _difference(step.state, other.state), name
    for steps in (embedded, pulumi):
        require_order(
            steps["a node less"].printed,
            "node-1 leaves: it carries",
            "node-1: takes no new sessions from now on",
            "node-1: has left the cluster",
            "node-1: 10.5.0.6 is out of the load balancer; its machine may go",
            "Instance node-1 deleting",
        )
        assert steps["made"].state
        assert [steps[name].update for name in ("again", "refused", "gone")] == [0, 1, 0]
        assert not steps["gone"].state
