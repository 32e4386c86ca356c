"""The ports at which users come in. Pure."""

from __future__ import annotations

from components.settings.choices import HA, SINGLE_MASTER
from components.settings.mistakes import Mistake, set_command
from components.settings.table import Settings
from openvidu import ports, roles

_MAIN_ROLES = {HA: roles.BASE, SINGLE_MASTER: roles.MASTER}
"""Whom users connect to, where that's a machine."""


def find_mistakes(settings: Settings) -> list[Mistake]:
    """Ports of their own: they're open to everybody, and what else listens there would be, too."""
    http, https = settings.http_port, settings.https_port
    mistakes = [
        *_taken("httpPort", http, ports.HTTP, settings.shape),
        *_taken("httpsPort", https, ports.HTTPS, settings.shape),
    ]
    if http == https:
        key, free = ("httpPort", ports.HTTP) if https == ports.HTTPS else ("httpsPort", ports.HTTPS)
        problem = f"httpPort and httpsPort must be different ports, got {https} for both"
        mistakes.append(Mistake(key, problem, set_command(key, str(free))))
    elif settings.certificate_type == "letsencrypt" and http != ports.HTTP:
        problem = f"must be {ports.HTTP}, the port that Let's Encrypt connects to, got {http}"
        mistakes.append(Mistake("httpPort", problem, set_command("httpPort", str(ports.HTTP))))
    return mistakes


def _taken(key: str, port: int, default: int, shape: str) -> list[Mistake]:
    role = _MAIN_ROLES.get(shape)
    table = role.ports if role else ports.LOAD_BALANCER_PORTS
    taken = [
        rule.purpose
        for rule in table
        if rule.first <= port <= rule.last and not ports.is_entrance(rule)
    ]
    if role and port in role.inside:
        taken.append("the machine's services use it among themselves")
    if not taken:
        return []
    problem = f"must be a free port, got {port}, which is taken: {taken[0]}"
    return [Mistake(key, problem, set_command(key, str(default)))]
