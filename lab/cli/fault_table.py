"""Every fault there is: what it takes and does. `--help`, `kinds` and docs/lab.md say it."""

from __future__ import annotations

from dataclasses import dataclass

from lab.cloud.faults import KNOWN

_AIM = "times=N, after=0, rate=1"
_CALLS = f"{_AIM}, actions=RunInstances,CreateTags"
_ANSWERS = "answer=405/STATUS/hang/half/drip/not-json/close"
HEADING = "| fault | needs | may have | what happens |\n| --- | --- | --- | --- |"
NOTES = (
    "The first of several values is the default. `times` says how often the fault strikes (always, "
    "if not given), and works with any fault of OpenVidu or the internet; `after` says how many "
    "calls pass first, `rate` which share of the calls is hit, `actions` which EC2 actions are "
    "(all, if not given)."
)


@dataclass(frozen=True)
class Row:
    """A fault.

    Attributes:
        kind: its name.
        needs: the values that it must have, as an example.
        may: those that it may have.
        effect: what happens.
    """

    kind: str
    needs: str
    may: str
    effect: str

    @property
    def usage(self) -> str:
        """In one line, for the terminal."""
        may = f" (may have: {self.may})" if self.may else ""
        return f"{self.kind} {self.needs}".strip() + f"{may}: {self.effect}"

    @property
    def markdown(self) -> str:
        """As a row of a table."""
        needs, may = (f"`{one}`" if one else "" for one in (self.needs, self.may))
        return f"| `{self.kind}` | {needs} | {may} | {self.effect} |"


OF_MACHINES = frozenset(kind for kind, options in KNOWN.items() if "host" in options)
"""Faults that the fake AWS has with one machine: `--on node-1` says the same as `host=node-1`."""

AWS = (
    Row("throttle", "", _CALLS, "calls get RequestLimitExceeded (503)"),
    Row(
        "no-capacity",
        "",
        f"{_AIM}, instance-type=c5.2xlarge",
        "RunInstances and StartInstances get InsufficientInstanceCapacity (500)",
    ),
    Row(
        "api-error",
        "code=InternalError",
        f"status=500, message=TEXT, {_CALLS}",
        "calls get that error",
    ),
    Row("late-answer", "seconds=180", _CALLS, "calls are carried out, but answered later"),
    Row("boot-delay", "seconds=180", "host=node-1", "the next machines run, but boot later"),
    Row(
        "lose-host",
        "host=node-1",
        "how=crash/stop/terminate, after=0",
        "the machine is lost, after that many seconds",
    ),
    Row(
        "retire-host",
        "host=node-1",
        "",
        "AWS schedules the retirement of the machine's host, until it's stopped and started",
    ),
    Row("late-checks", "seconds=60", "", "failed status checks are reported that much later"),
    Row(
        "quota",
        "",
        "vcpus=N, addresses=N",
        "VcpuLimitExceeded and AddressLimitExceeded above these",
    ),
)
OPENVIDU = (
    Row("drain", "", _ANSWERS, "on a node: the drain call gets that answer"),
    Row(
        "api",
        "",
        _ANSWERS.replace("405", "503"),
        "the whole REST API through this node gets that answer",
    ),
    Row(
        "media-disconnected",
        "",
        "",
        "on a node: its media server is lost: health DOWN, nobody can join",
    ),
    Row(
        "start",
        "",
        "status=1",
        "on a node: the replication manager exits with that status at each start",
    ),
    Row(
        "s3-unreachable", "", "", "the node's S3 client gets no answer; on the base, no node's does"
    ),
    Row("redis-unreachable", "", "", "on a node: its Redis client gets no answer"),
    Row(
        "slow-upload",
        "",
        "seconds=10, abandon=true",
        "on a node: a recording's upload takes that long; or the node doesn't wait for it",
    ),
    Row("reload", "", "", "on the base: nginx refuses a list, with status 0, like the original"),
    Row("slow-reload", "", "seconds=10", "on the base: a list reaches nginx that much later"),
    Row("compose", "", "version=2.40.3", "Compose has another version"),
    Row(
        "exec-needs-tty", "", "", "`docker compose exec -it` fails without a TTY, like Compose v1's"
    ),
    Row(
        "partition",
        "",
        "from=base/peers/operator/all, way=both/in/out, how=drop/reject",
        "no packet passes between the machine and those, or a firewall refuses it; users still "
        "reach it",
    ),
    Row("hang", "", "", "all of its processes except the first freeze, until it's cleared"),
    Row("pull", "", "image=TEXT", "`docker pull` fails for names that contain the text"),
)
INTERNET = (
    Row(
        "download",
        "",
        "answer=404/cut, file=TEXT, client=IP",
        "a download fails: only of paths that contain the text, or only for one machine, if given",
    ),
    Row("letsencrypt", "", "reason=TEXT", "Let's Encrypt refuses to issue a certificate"),
)
SECTIONS = (
    ("Faults of AWS", AWS),
    ("Faults of OpenVidu on a machine, with --on node-1", OPENVIDU),
    ("Faults of the internet", INTERNET),
)
ELSEWHERE = frozenset(row.kind for row in INTERNET)
"""Faults of OpenVidu's surroundings, which run on no machine of the cluster."""
CUTS = frozenset({"media-disconnected", "partition", "hang"})
"""Faults that may cut calls and can't be seen from outside: `lab calls report` names them."""


def for_terminal() -> str:
    """All of them, a paragraph each."""
    shown = [NOTES.replace("`", "")]
    for heading, rows in SECTIONS:
        shown += [f"{heading}:", *(row.usage for row in rows)]
    return "\n\n".join(shown)
