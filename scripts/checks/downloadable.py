"""Whether each machine gets out to what an installation, or an upgrade, downloads."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from components.remote import text_of
from openvidu.downloads import Download, downloads
from openvidu.release import LATEST, NONE
from scripts.checks.finding import Finding, Result
from scripts.pulumi_cli import PulumiError
from scripts.stack_machines import Machine

_CHECK = "downloads"
_SECONDS = 60.0
_WORKERS = 16


def downloadable(
    there: Mapping[str, Machine], version: str | None, mirror: str | None
) -> list[Finding]:
    """Have every machine ask for what its installation downloads.

    Args:
        there: machines by name.
        version: of OpenVidu, as it's configured: fixed, or `latest`; None where it isn't.
        mirror: folder of the install scripts, where it isn't OpenVidu's.
    """
    asked = [one for one in there.values() if one.role.product is not NONE]
    with ThreadPoolExecutor(_WORKERS) as pool:
        return [*chain.from_iterable(pool.map(lambda one: _look(one, version, mirror), asked))]


def _look(machine: Machine, version: str | None, mirror: str | None) -> list[Finding]:
    wanted = downloads(machine.role.product, version or machine.version or LATEST, mirror)
    urls = " ".join(one.url for one in wanted)
    try:
        told = machine.ask("downloads", _SECONDS, URLS=urls, ASK=text_of("ask-downloads.sh"))
    except PulumiError as error:
        return [Finding(_CHECK, machine.name, Result.SKIPPED, str(error), "pulumi up")]
    return judged(machine.name, wanted, told)


def judged(name: str, wanted: tuple[Download, ...], told: str) -> list[Finding]:
    """What to say of a machine's downloads.

    Args:
        name: the machine's.
        wanted: what it was asked for.
        told: what `machine/ask-downloads.sh` printed there.
    """
    answers = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    found = []
    for one in wanted:
        why = answers.get(one.url, "no result was reported")
        if why != "ok":
            said = f"{name} can't get {one.what} from {one.host}: {why}"
            found.append(Finding(_CHECK, name, Result.FAILED, said, one.remedy(why)))
    reached = ", ".join(one.host for one in wanted if answers.get(one.url) == "ok")
    if reached:
        found.insert(0, Finding(_CHECK, name, Result.OK, f"reaches {reached}"))
    return found
