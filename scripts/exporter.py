"""Tells Prometheus how a deployment is: nodes, calls, load balancer, certificate, drift.

uv run openvidu-enterprise exporter
uv run openvidu-enterprise exporter --interval 30 --stack production
uv run openvidu-enterprise exporter --address 10.5.0.20 --port 19469

It looks as scripts.status does, and changes nothing. Alert rules and a dashboard:
examples/monitoring. More: docs/monitoring.md
"""

from __future__ import annotations

import signal
import sys
import time
from datetime import datetime
from typing import Annotated, NoReturn

import typer
from prometheus_client import CollectorRegistry, start_http_server
from rich.console import Console

from scripts import status
from scripts.expected_errors import expected_errors
from scripts.monitoring.looking import Looking
from scripts.monitoring.metrics import Look
from scripts.pulumi_cli import LastUpdate, PulumiCli, PulumiError

PORT = 19469
"""Of nobody known, and below those that the system gives away itself."""


def main(
    *,
    address: Annotated[
        str, typer.Option(help="Address to listen on; by default only this machine can reach it.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any free one.")
    ] = PORT,
    interval: Annotated[float, typer.Option(min=5, help="Seconds between looks.")] = 60.0,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Tell Prometheus how a deployment is, over HTTP, until Ctrl-C.

    Each look asks the cluster and its machines as `status` does. Requests show what the last
    one found; what isn't known, or is too old, isn't shown, and openvidu_enterprise_up is 0.

    Examples:
      uv run openvidu-enterprise exporter
      uv run openvidu-enterprise exporter --interval 30 --stack production
    """
    # How a service is stopped, which is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with expected_errors():
        pulumi = PulumiCli(stack)
        # A stack that there isn't is told now, not by an alert.
        name = pulumi.stack_name()
        looking = Looking(
            lambda at: look(pulumi, at),
            lambda line: console.print(f"{name}: {line}", markup=False),
            interval=interval,
        )
        registry = CollectorRegistry()
        registry.register(looking)
        console.print(f"{name}: {_serve(address, port, registry)}", markup=False)
        _look_for_ever(looking, interval)


def _serve(address: str, port: int, registry: CollectorRegistry) -> str:
    """Answer requests from now on; returns the URL.

    Raises:
        PulumiError: it can't listen there.
    """
    try:
        server, _ = start_http_server(port, address, registry)
    except OSError as error:
        raise PulumiError(
            f"can't listen at {address}, port {port}: {error.strerror or error}.\n"
            "  Next: an address of this machine, and a port that is free: "
            f"uv run openvidu-enterprise exporter --address 127.0.0.1 --port {PORT + 1}"
        ) from None
    return f"http://{address}:{server.server_port}/metrics"


def look(pulumi: PulumiCli, at: datetime) -> Look:
    """Look once.

    Args:
        pulumi: works on the stack.
        at: now.

    Raises:
        PulumiError: the state can't be had, or holds no machine.
    """
    return Look(status.look(pulumi), at, _last_update(pulumi))


def _last_update(pulumi: PulumiCli) -> LastUpdate | None:
    try:
        return pulumi.last_update()
    except PulumiError:
        return None


def _look_for_ever(looking: Looking, interval: float) -> NoReturn:
    while True:
        began = time.monotonic()
        looking.look_again()
        time.sleep(max(0.0, began + interval - time.monotonic()))


if __name__ == "__main__":
    typer.run(main)
