"""Somebody on call, who looks at `status` as the runbook begins, and types what is named first."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from openvidu.roles import role_of
from tests.lab.conftest import Completed, Lab
from tests.lab.watching import script

_LOOKS = 6
"""So many looks may be needed: each finds what the command before has left."""
_COMMAND = re.compile(r"(?:uv run openvidu-enterprise |pulumi |aws ec2 |set back what )\S.*")
_ENDED = "once its calls have ended: "


@dataclass(frozen=True)
class Named:
    """What a text names first.

    Attributes:
        commands: to be typed one after the other; empty where nothing is named.
        meanwhile: what is to be typed while the last of them waits; None where that's nothing.
    """

    commands: tuple[str, ...] = ()
    meanwhile: str | None = None


def named(printed: str) -> Named:
    """The first "Next:" of a text; what else there is comes behind a semicolon."""
    for line in printed.splitlines():
        _, marked, following = line.partition("Next: ")
        first, *others = following.split("; ")
        if marked and (found := _COMMAND.search(first)):
            commands = re.split(r",? then: ", found[0])
            typed = tuple(one.partition(", ")[0].rstrip(". ") for one in commands)
            ended = [one.removeprefix(_ENDED) for one in others if one.startswith(_ENDED)]
            return Named(typed, ended[0] if ended else None)
    return Named()


@dataclass
class Walk:
    """What was typed, and what came of it.

    Attributes:
        lab: where.
        by_hand: what a person does after a command that shows what that is, by a part of it.
        typed: the commands.
        printed: what each of them printed.
    """

    lab: Lab
    by_hand: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    typed: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)

    def begin(self, with_: Named) -> None:
        """Type what somebody has read elsewhere."""
        self._follow(with_)

    def go(self, but: str = "") -> None:
        """Type what is named, until `status` finds that nobody is needed.

        Args:
            but: a remark that may stay.

        Raises:
            AssertionError: nothing is named, or what was typed already, which has changed nothing.
        """
        for _ in range(_LOOKS):
            found = script(self.lab, "status")
            self.printed.append(found.out + found.err)
            remarks = [line for line in found.out.splitlines() if line.startswith("! ")]
            if found.status == 0 or (but and remarks and all(but in one for one in remarks)):
                return
            self._follow(named(found.out))
        raise AssertionError(f"still not well\n{self}")

    def _follow(self, found: Named) -> None:
        assert found.commands, f"nothing is named\n{self}"
        assert found.commands[0] not in self.typed, f"{found.commands[0]} changed nothing\n{self}"
        for command in found.commands:
            is_last = command == found.commands[-1]
            done = self._type(command, found.meanwhile if is_last else None)
            following = named(done.out + done.err)
            if done.status and following.commands and following.commands[0] not in self.typed:
                # One that doesn't help says what else does.
                self._follow(replace(following, meanwhile=following.meanwhile or found.meanwhile))
                return

    def _type(self, command: str, meanwhile: str | None = None) -> Completed:
        self.typed.append(command)
        for part, act in self.by_hand.items():
            if part in command:
                act()
                return Completed(0, "", "")
        words = shlex.split(command)
        if meanwhile:
            assert words == ["pulumi", "up"], command
            waits = "waiting for a sign of it"
            done = Completed(0, self.lab.until(waits, lambda: self._type(meanwhile), "up"), "")
        elif words[0] == "pulumi":
            done = self.lab.run(*words[1:])
        else:
            assert words[:3] == ["uv", "run", "openvidu-enterprise"], command
            module, options = words[3].replace("-", "_"), words[4:]
            asks = module == "repair" or "--dead" in options
            done = script(self.lab, module, *options, *(["--yes"] if asks else []))
        self.printed.append(f"$ {command}\n{done.out}{done.err}(status {done.status})")
        return done

    def __str__(self) -> str:
        return "\n\n".join(self.printed)


def lose(lab: Lab, name: str, how: str) -> None:
    """Have AWS lose a machine: `crash`, `stop` or `terminate`."""
    (host,) = (one for one in lab.supervisor.control.hosts() if _is(one.name, name) and one.running)
    lab.supervisor.control.kill_host(host.instance_id, how)


def _is(full: str, name: str) -> bool:
    return full.endswith(f"-{name}")


BALLAST = "/var/lib/ballast"
BREAKS: Mapping[str, Callable[[Lab, str], object]] = {
    "crash": lambda lab, name: lose(lab, name, "crash"),
    "stop": lambda lab, name: lose(lab, name, "stop"),
    "terminate": lambda lab, name: lose(lab, name, "terminate"),
    "disk full": lambda lab, name: lab.on(name, f"cat /dev/zero >{BALLAST} 2>/dev/null || true"),
    "Docker dead": lambda lab, name: lab.on(name, "systemctl stop docker"),
    "OpenVidu dead": lambda lab, name: lab.on(
        name, f"cd {role_of(name).product.folder} && docker compose kill"
    ),
    "wrong SSH key": lambda lab, name: lab.on(name, "echo >/home/ubuntu/.ssh/authorized_keys"),
    "interface gone": lambda lab, name: lab.on(name, "ip link set eth0 down"),
}
"""Ways in which a machine is lost."""


def walk(lab: Lab, name: str, set_back: Callable[[], object] = lambda: None) -> Walk:
    """The way back from a loss of a machine.

    Args:
        lab: where.
        name: of the machine; what fills its disk is removed by hand, once that was named.
        set_back: takes the change back that waits, where that is named.
    """
    return Walk(
        lab,
        {
            "docker image prune": lambda: lab.on(name, f"rm -f {BALLAST}"),
            "set back what was changed": set_back,
        },
    )


def require_update_to_fail(lab: Lab, name: str) -> None:
    """An update doesn't end well with a base or master that is dead, though nobody has said so."""
    # AWS doesn't know it yet, and no command needs it.
    lab.ok("fault", "set", "late-checks", "seconds=600")
    BREAKS["interface gone"](lab, name)
    try:
        refused = lab.run("up")
        assert refused.status != 0
        assert f"The {name} doesn't work" in refused.out + refused.err
        assert f"Next: uv run openvidu-enterprise repair {name}" in refused.out + refused.err
    finally:
        lab.ok("fault", "clear")
