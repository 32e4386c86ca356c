"""Keeps the number of nodes at what the calls need.

uv run openvidu-enterprise autoscale --max 8 --calls 12
uv run openvidu-enterprise autoscale --max 8 --calls 12 --load 60 --min 3 --stack production
uv run openvidu-enterprise autoscale --max 8 --calls 12 --once          # for cron
uv run openvidu-enterprise autoscale --max 8 --calls 12 --dry-run       # says what it would do

Of each node the base tells calls, participants and CPU load. A target says what a node should
carry; nodes are added as soon as they're needed, and leave once the cluster has been quiet for a
while, each with its drain. It sets nodeCount and runs an update, which cuts no call.

Exit status with --once: 0 when there was nothing to do or it was done; 1 when the update failed or
was refused; 2 when the cluster couldn't be seen, or the command makes no sense.

More: docs/autoscale.md
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from components.settings import values, weekdays
from scripts.autoscaling import command_line
from scripts.autoscaling.control import Mode, Result, Surroundings, control
from scripts.autoscaling.decision import Action, Decision
from scripts.autoscaling.deployed_stack import DeployedStack
from scripts.autoscaling.memory import Memory, OtherRunError, default_file
from scripts.autoscaling.scaling_messages import Messages, messages
from scripts.autoscaling.scaling_policy import Measure, Policy, PolicyError
from scripts.autoscaling.scheduled_sizes import Schedule, scheduled_size
from scripts.display import print_json_line
from scripts.expected_errors import INTERRUPTED, print_error
from scripts.pulumi_cli import PulumiCli, PulumiError


def main(  # noqa: PLR0913 - an option each
    *,
    maximum: command_line.Maximum,
    minimum: command_line.Minimum = 2,
    calls: command_line.Calls = None,
    participants: command_line.Participants = None,
    load: command_line.Load = None,
    at: command_line.At = None,
    time_zone: command_line.TimeZone = "UTC",
    slack: command_line.Slack = Policy.slack,
    window: command_line.Window = command_line.WINDOW,
    out_cooldown: command_line.OutCooldown = command_line.OUT_COOLDOWN,
    in_cooldown: command_line.InCooldown = command_line.IN_COOLDOWN,
    most_removed: command_line.MostRemoved = Policy.most_removed,
    interval: command_line.Interval = "1m",
    longest: command_line.Longest = None,
    once: command_line.Once = False,
    dry_run: command_line.DryRun = False,
    as_json: command_line.AsJson = False,
    memory: command_line.MemoryFile = None,
    stack: command_line.StackName = None,
) -> None:
    r"""Keep the number of nodes at what the calls need.

    Say what a node should carry: --calls, --participants, --load, or several of them.

    Exit status with --once: 0 when there was nothing to do or it was done; 1 when the update failed
    or was refused; 2 when the cluster couldn't be seen, or the command makes no sense.

    Examples:
      uv run openvidu-enterprise autoscale --max 8 --calls 12 --dry-run
      uv run openvidu-enterprise autoscale --max 8 --load 60 --min 3
      uv run openvidu-enterprise autoscale --max 8 --calls 12 --at 'daily 07:00 min=6' \
        --at 'daily 19:00 min=2'
      uv run openvidu-enterprise autoscale --max 8 --calls 12 --once
    """
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    targets = {Measure.CALLS: calls, Measure.PARTICIPANTS: participants, Measure.LOAD: load}
    signal.signal(signal.SIGTERM, _interrupt)
    given = {
        "--window": window,
        "--out-cooldown": out_cooldown,
        "--in-cooldown": in_cooldown,
        "--interval": interval,
        **({"--for": longest} if longest else {}),
    }
    with _reported(errors, once=once):
        read = _read(given, at or (), time_zone)
        policy = read.policy(
            maximum=maximum,
            targets={key: value for key, value in targets.items() if value is not None},
            minimum=minimum,
            slack=slack,
            most_removed=most_removed,
        )
        ends = read.lengths["--for"].total_seconds() if longest else None
        mode = Mode(once, dry_run, read.lengths["--interval"].total_seconds(), ends)
        world = _surroundings(errors, _tell_json if as_json else _tell)
        sys.exit(_keep(policy, mode, world, stack, memory))


def _keep(
    policy: Policy, mode: Mode, world: Surroundings, stack: str | None, memory: Path | None
) -> Result:
    """Keep the stack's nodes at what a policy says."""
    pulumi = PulumiCli(stack)
    name = stack or pulumi.stack_name()
    remembered = Memory(memory or default_file(name))
    deployed = DeployedStack(pulumi, name, remembered, policy.targets)
    deployed.require_scalable()
    if not mode.dry:
        world = _with_messages(world, messages(pulumi, name, world.warn))
    with remembered.alone():
        return control(deployed, policy, mode, world)


def _surroundings(errors: Console, tell: Callable[[Decision], None]) -> Surroundings:
    """The world as it is, and who types."""

    def warn(text: str) -> None:
        errors.print(text, style="red")

    return Surroundings(time.time, time.sleep, tell, warn)


def _with_messages(world: Surroundings, others: Messages) -> Surroundings:
    """The same, and those who are on call."""

    def tell(decision: Decision) -> None:
        world.tell(decision)
        others.decided(decision)

    return replace(world, tell=tell, failed=others.failed, went_well=others.went_well)


@contextlib.contextmanager
def _reported(errors: Console, *, once: bool) -> Iterator[None]:
    """Say what went wrong, and end with the status that the command documents."""
    try:
        yield
    except PolicyError as error:
        errors.print(f"{error}\n  Next: uv run openvidu-enterprise autoscale --help", style="red")
        sys.exit(Result.UNSEEN)
    except OtherRunError as error:
        errors.print(f"{error} Nothing was done.")
        sys.exit(0 if once else 1)
    except (PulumiError, OSError) as error:
        print_error(error)
        sys.exit(1)
    except KeyboardInterrupt:
        errors.print("stopped. A drain that was begun goes on with: pulumi up")
        sys.exit(INTERRUPTED)


@dataclass(frozen=True)
class _Read:
    """What was typed, as what it stands for, and what of it makes no sense."""

    lengths: Mapping[str, timedelta]
    schedule: Schedule
    mistakes: Sequence[str]

    def policy(self, **of: Any) -> Policy:
        """The policy with what else was typed.

        Raises:
            PolicyError: with all that makes no sense.
        """
        mistakes = [*self.mistakes]
        try:
            policy = Policy(
                **of,
                out_cooldown=self.lengths["--out-cooldown"],
                in_cooldown=self.lengths["--in-cooldown"],
                window=self.lengths["--window"],
                schedule=self.schedule,
            )
        except PolicyError as error:
            raise PolicyError([*mistakes, *error.mistakes]) from None
        if mistakes:
            raise PolicyError(mistakes)
        return policy


def _read(lengths: Mapping[str, str], at: Sequence[str], time_zone: str) -> _Read:
    """Read all that isn't a number."""
    mistakes: list[str] = []

    def read(parse: Callable[[str], Any], option: str, text: str, more: str, otherwise: Any) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            mistakes.append(f"{option} must be {error}{more}, got {text}")
            return otherwise

    known = {
        option: read(values.duration, option, text, ", such as 10m", timedelta(minutes=1))
        for option, text in lengths.items()
    }
    zone = read(weekdays.time_zone, "--time-zone", time_zone, "", UTC)
    sizes = [read(scheduled_size, "--at", text, "", None) for text in at]
    is_whole = all(sizes)
    return _Read(known, Schedule(sizes if is_whole else (), zone), mistakes)


def _tell(decision: Decision) -> None:
    """One decision, for people: what, and why."""
    what: str = decision.action
    if decision.wanted is not None:
        what += f" to {decision.wanted.count} nodes"
    at = datetime.now().astimezone().strftime("%H:%M:%S")
    lines = [f"{at} {what}", *(f"  {reason}" for reason in decision.reasons)]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _tell_json(decision: Decision) -> None:
    wanted = decision.wanted
    print_json_line(
        {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "action": decision.action,
            "nodeCount": wanted.count if wanted else None,
            "nodes": list(wanted.numbers) if wanted else None,
            "changes": decision.action is not Action.HOLD,
            "reasons": decision.reasons,
        }
    )


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    typer.run(main)
