"""What a drain costs while it waits."""

from __future__ import annotations

from pathlib import Path

from lab.bench import processes
from lab.bench.drains import tap
from lab.bench.drains.figures import Waiting
from lab.bench.drains.labs import ScaledLab
from lab.bench.drains.running import running

BASE = "membership program (base)"
_CALLS = 9
_CALL_SECONDS = 3600.0
_WORDS = ("/opt/openvidu-membership/membership.pyz", "drain")
"""Words of the membership program's command line, on the base."""
_PARTS = (
    ("providers", ("lab.providers", "lab.bench.traced_provider", "pulumi-resource-")),
    ("program", ("lab/engine/run/runner.py", "pulumi-language-python")),
    ("SSH and its shell", ("ssh",)),
)
"""What is in the command line of the operator's processes; all others are the engine's."""
ENGINE = "engine"


def wait(scaled: ScaledLab, before: int, seconds: float) -> Waiting:
    """Look at a drain that waits for calls.

    Args:
        scaled: a cluster.
        before: how many nodes it has; one of them is drained.
        seconds: how long to look.

    Raises:
        LabError: the update failed.
    """
    scaled.want(before - 1)
    scaled.start_calls(_CALLS, _CALL_SECONDS)
    with running(scaled) as update:
        update.wait_for(f"node-{before}: waiting for ")
        at_first = _used(scaled, update.pid)
        script = Path(tap.__file__).read_text()
        requests = scaled.on("base", f"python3 - {seconds} <<'END'\n{script}\nEND\n")
        at_last = _used(scaled, update.pid)
        scaled.hang_up()
        update.finish()
    cpu = {name: at_last[name] - at_first.get(name, 0.0) for name in at_last}
    return Waiting(seconds, cpu, int(requests))


def _used(scaled: ScaledLab, update: int) -> dict[str, float]:
    """Seconds of CPU by who has used them so far."""
    everything = processes.everything()
    lab = processes.below(scaled.lab.supervisor.pid, everything)
    base = [one for one in lab if all(word in processes.words(one.pid) for word in _WORDS)]
    found = {BASE: processes.total(base)}
    for one in processes.below(update, everything):
        part = part_of(" ".join(processes.words(one.pid)))
        found[part] = found.get(part, 0.0) + processes.total([one])
    return found


def part_of(command: str) -> str:
    """Which part of the operator's side a process is, by its command line."""
    for name, signs in _PARTS:
        if any(sign in command for sign in signs):
            return name
    return ENGINE
