"""Command line: `python3 membership.pyz join|drain --name node-1 --ip 10.5.0.6 …`."""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta

from membership.cluster import Cluster
from membership.drain import Node, drain
from membership.errors import MembershipError
from membership.join import join
from membership.load_balancer import LoadBalancer, ReloadError
from membership.lock import LockTimeoutError
from openvidu import environment


def main() -> None:
    """Run one action; exit status 0 when the wanted state is reached, else 1."""
    arguments = _parser().parse_args()
    load_balancer = LoadBalancer(say=_say)
    cluster = Cluster(load_balancer.values[environment.OPENVIDU_SECRET])
    try:
        if arguments.action == "join":
            join(arguments.name, arguments.ip, cluster, load_balancer, _say)
        else:
            drain(
                Node(arguments.name, arguments.ip, arguments.identity),
                cluster,
                load_balancer,
                limit=timedelta(seconds=arguments.limit - arguments.waited),
                force=arguments.force == "true",
                say=_say,
            )
    except MembershipError as error:
        sys.exit(str(error))
    except (ReloadError, LockTimeoutError) as error:
        sys.exit(
            f"{arguments.name}: {arguments.action}: {error}\n"
            "  The list is as it was before; the machine stays.\n  Next: pulumi up"
        )


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - progress for the operator


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="membership", description="Moves a node into or out of the load balancer."
    )
    parser.add_argument("action", choices=["join", "drain"])
    parser.add_argument("--name", required=True, help="the node, such as node-1")
    parser.add_argument("--ip", required=True, help="its private address")
    parser.add_argument("--identity", required=True, help="its machine, such as an instance id")
    parser.add_argument("--limit", type=int, default=21600, help="seconds that a drain may take")
    parser.add_argument("--waited", type=int, default=0, help="seconds of these that are over")
    parser.add_argument("--force", choices=["true", "false"], default="false")
    return parser
