"""How machines get out to what they download: a proxy, mirrors, a registry's login. Pure.

What is inside the cluster needs no way out: it goes straight, whatever is configured here.
Source: https://docs.docker.com/engine/daemon/proxy/;
https://docs.docker.com/docker-hub/image-library/mirror/; moby, daemon/pkg/registry, for whom a
mirror gets the login of.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from components.settings.mistakes import Mistake, set_command
from components.settings.table import Settings

_OWN = ("localhost", "127.0.0.1", "169.254.169.254")
"""Hosts that no proxy is asked for: the machine itself, and what AWS tells it about itself."""
_DOCKER_HUB = "https://index.docker.io/v1/"
"""Under which name Docker keeps the login at Docker Hub, which it sends to mirrors, too."""
_HUB_NAMES = ("docker.io", "index.docker.io", "registry-1.docker.io", "hub.docker.com")
PULL_SECONDS = 2
_MOST_PULL_SECONDS = 30


def fields(settings: Settings) -> Mapping[str, str]:
    """What `machine/put-way-out.sh` reads, in the form that it takes; empty where there's nothing.

    Its values may be secret.
    """
    told = {
        **proxy_fields(settings),
        **({"MIRROR": mirror} if (mirror := _mirror(settings)) else {}),
    }
    if settings.docker_registry_user and settings.docker_registry_password:
        login = f"{settings.docker_registry_user}:{settings.docker_registry_password}"
        told["LOGIN_AT"] = _kept_as(settings.docker_registry or "")
        told["LOGIN"] = base64.b64encode(login.encode()).decode()
    return told


def proxy_fields(settings: Settings) -> Mapping[str, str]:
    """The proxy, and who is asked without it."""
    if settings.http_proxy is None:
        return {}
    straight = (*_OWN, str(settings.subnet_cidr), *settings.no_proxy)
    return {"PROXY": settings.http_proxy, "STRAIGHT": ",".join(dict.fromkeys(straight))}


def look_fields(settings: Settings) -> Mapping[str, str]:
    """What a look at a machine takes, to ask by the way that it's going to have."""
    mirror = _mirror(settings)
    return {**proxy_fields(settings), **({"MIRROR": mirror} if mirror else {})}


def pull_seconds(place: int) -> int:
    """How long a new node waits before it pulls images, that several don't begin at once.

    Args:
        place: among the nodes that are new in the same update, by rising number, from 0.
    """
    return min(PULL_SECONDS * place, _MOST_PULL_SECONDS)


def find_mistakes(settings: Settings) -> list[Mistake]:
    """What doesn't fit together."""
    mistakes = []
    if settings.no_proxy and settings.http_proxy is None:
        problem = "lists hosts to reach without httpProxy, which isn't set"
        mistakes.append(Mistake("noProxy", problem, "pulumi config rm noProxy"))
    registry = settings.docker_registry
    login = {
        "dockerRegistryUser": settings.docker_registry_user,
        "dockerRegistryPassword": settings.docker_registry_password,
    }
    if registry is None and any(login.values()):
        problem = "is missing, though its login is set"
        mistakes.append(
            Mistake("dockerRegistry", problem, set_command("dockerRegistry", "docker.io"))
        )
    elif registry is not None and (any(login.values()) or not is_mirror(registry)):
        why = (
            "one that isn't a mirror (https://…) is for a login" if not any(login.values()) else ""
        )
        mistakes += [
            Mistake(
                key,
                f"is missing; dockerRegistry needs both{f': {why}' if why else ''}",
                set_command(key, "openvidu", secret=key != "dockerRegistryUser"),
            )
            for key, value in login.items()
            if not value
        ]
    return mistakes


def plain_login(settings: Settings) -> list[Mistake]:
    """A proxy's login, where its key is stored in plain text."""
    if "@" not in (settings.http_proxy or ""):
        return []
    problem = "contains a login, but is stored in plain text"
    return [Mistake("httpProxy", problem, set_command("httpProxy", "", secret=True))]


def is_mirror(registry: str) -> bool:
    """Whether `dockerRegistry` is a mirror of Docker Hub; else it's where to log in."""
    return registry.startswith("https://")


def _mirror(settings: Settings) -> str | None:
    registry = settings.docker_registry
    return registry if registry and is_mirror(registry) else None


def _kept_as(registry: str) -> str:
    return _DOCKER_HUB if is_mirror(registry) or registry in _HUB_NAMES else registry
