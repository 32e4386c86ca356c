"""What every test of a cluster in motion asks: who serves, and was a call cut."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase

from components.aws.actions import TYPES
from components.aws.permissions import Scope, statements
from lab.stack import OPERATOR_KEY
from tests.lab.conftest import Completed, Lab

WAITS_FOR_CALLS = r"waiting for \d+ calls? with \d+ participants?"


@contextmanager
def calls(lab: Lab, length: str) -> Iterator[None]:
    """Calls all the time; after the block each of them has ended well."""
    lab.ok("calls", "start", "--media", "0", "--count", "10", "--length", length, "--keep")
    try:
        yield
    except BaseException:
        lab.run("calls", "stop", "--now")
        raise
    lab.ok("calls", "stop")
    require_all_ended(lab)


def start_calls(lab: Lab) -> None:
    """Calls all the time, with the secret that the stack has now."""
    lab.ok("calls", "start", "--media", "0", "--count", "4", "--length", "4s..8s", "--keep")


def update_waits_for_calls(lab: Lab, *update: str, takes_new_ones: bool = True) -> str:
    """Update under calls that end once it waits; returns what it printed.

    Until it waits for calls there are some, so that it can't come too late to see them.

    Args:
        lab: where calls were started.
        update: the lab's command, if it isn't `up`.
        takes_new_ones: whether some node takes new calls while it waits; else they are refused,
            until those are stopped that are made.
    """
    try:
        printed = lab.until(WAITS_FOR_CALLS, lambda: lab.ok("calls", "stop"), *(update or ("up",)))
    except BaseException:
        lab.run("calls", "stop", "--now")
        raise
    require_all_ended(lab, may_be_refused=not takes_new_ones)
    return printed


def require_all_ended(lab: Lab, *, may_be_refused: bool = False) -> None:
    """Every call of the last run is held to its end, and ends well; none is cut."""
    lab.ok("calls", "wait")
    report = lab.json("calls", "report", "--json")
    refused = report["refused"] if may_be_refused else 0
    assert report["ended"] == report["started"] - refused > 0, lab.ok("calls", "report")


def place(printed: str, text: str) -> int:
    """Where a pattern begins in what was printed; it must be there."""
    found = re.search(text, printed)
    assert found, f"{text} isn't in\n{printed}"
    return found.start()


def require_order(printed: str, *texts: str) -> list[int]:
    """Where patterns begin in what was printed; all are there, one after the other."""
    places = [place(printed, text) for text in texts]
    assert places == sorted(places), printed
    return places


def scale(lab: Lab, nodes: int) -> str:
    lab.ok("config", "set", "nodeCount", str(nodes))
    return lab.ok("up")


def served(lab: Lab) -> list[str]:
    """The addresses in the configuration that nginx runs with."""
    shown = lab.on(
        "base",
        "cd /opt/ov-enterprise-base-services && docker compose exec -T loadbalancer nginx -T",
    )
    return sorted(re.findall(r"server\s+([0-9.]+):4443", shown))


def nodes(lab: Lab) -> list[str]:
    """The nodes that the cluster lists; none while it doesn't answer."""
    done = lab.run("status", "--json")
    found = json.loads(done.out)["health"] if done.status == 0 else {}
    return sorted(found.get("nodes", ()))


def numbers(lab: Lab) -> list[int]:
    """The numbers of the nodes whose machines run."""
    running = [one.name for one in lab.supervisor.control.hosts() if one.running]
    return sorted(int(name.rpartition("-")[2]) for name in running if "-node-" in name)


def require(lab: Lab, *serving: int) -> None:
    """Exactly these nodes serve, whoever is asked, and nothing is left to do."""
    ips = [f"10.5.0.{5 + number}" for number in serving]
    # Nodes are listed by their signs of life, which come late on a busy computer.
    lab.wait_until(lambda: nodes(lab) == sorted(f"master_{ip}" for ip in ips))
    status = lab.json("status", "--json")
    assert status["health"]["clusterStatus"] == "UP"
    assert status["loadBalancer"]["nodeIps"] == ips
    assert served(lab) == sorted(ips)
    assert sorted(status["hosts"]) == ["base", *(f"node-{number}" for number in serving)]
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}


def script(lab: Lab, name: str, *words: str) -> Completed:
    """Run one of the operators' commands."""
    return lab.run("run", "--", "python", "-m", f"scripts.{name}", *words)


def require_well(lab: Lab) -> None:
    """The cluster needs nobody, and the next update changes nothing."""
    found = script(lab, "status")
    assert found.status == 0, found.out
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}


def require_allowed(lab: Lab, shape: str, *, ssm: bool = False, bake: bool = False) -> None:
    """Whoever deployed has called nothing that the printed policy doesn't allow."""
    scope = Scope(shape, ssm=ssm, bake=bake)
    printed = {action for one in statements(scope) for action in one.actions}
    # The first needs none. The other stands for GetAWSDefaultServiceQuota, which moto lacks.
    allowed = {*printed, "sts:GetCallerIdentity", "servicequotas:ListAWSDefaultServiceQuotas"}
    asked = lab.supervisor.control.asked()[OPERATOR_KEY]
    assert len(asked) > len(TYPES[shape]), f"hardly anything was asked: {sorted(asked)}"
    more = {one for one in asked if not any(fnmatchcase(one, pattern) for pattern in allowed)}
    assert not more, f"not allowed: {sorted(more)}"
