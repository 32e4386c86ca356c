"""Keeps the load balancer at the list in `.env`, whatever restarts it.

`update-loadbalancer` changes the running container only: when that starts again, after a reboot or
a crash, it serves the list that it was created with. A service on the base runs this.
Source: repository, `deployments/enterprise-ha/docker-compose/base-services`.
"""

from __future__ import annotations

from collections.abc import Callable

from membership.clock import Clock
from membership.errors import LoadBalancerError
from membership.load_balancer import LoadBalancer

POLL_SECONDS = 5.0
SOON_SECONDS = 1.0
"""While the container comes up: with its first list it may lead to no node at all."""
LONGEST_SECONDS = 30.0
"""Where it doesn't come up, without a certificate for example, it's tried less and less often."""


def reconcile(load_balancer: LoadBalancer, say: Callable[[str], None], clock: Clock) -> None:
    """Compare and repair, for ever."""
    again = SOON_SECONDS
    while True:
        pause = POLL_SECONDS
        try:
            if load_balancer.apply_again():
                say(f"the load balancer serves {', '.join(load_balancer.node_ips)} again")
            again = SOON_SECONDS
        except (LoadBalancerError, OSError) as error:
            say(f"couldn't set the load balancer to the list in .env: {error}")
            pause, again = again, min(again * 1.2, LONGEST_SECONDS)
        clock.sleep(pause)
