"""What an update restarts, upgrades or replaces of what carries calls. Pure.

Nodes that come and go are none of that: the others serve meanwhile.
"""

from __future__ import annotations

from components import upgrade_path
from components.cluster_observation import Overview
from components.digest import digest_of
from components.endpoints import Endpoints, MadeServices, of_base, of_services
from components.env_files import base_env, master_env, shared_env
from components.previous_state import PreviousState
from components.settings.choices import EXISTING, HA_MANAGED, SINGLE_MASTER
from components.settings.table import Settings
from components.update_plan import replaced, stop_of_main


def disruptions(
    settings: Settings, previous: PreviousState, overview: Overview, region: str = ""
) -> list[str]:
    """What an update would do to a deployment that is there, in words; nothing to a new one.

    Args:
        settings: what is wanted.
        previous: what is deployed.
        overview: how it is.
        region: of AWS, where the bucket of `ha-managed` is.
    """
    main = settings.main_role.name
    upgrades = upgrade_path.is_due(settings, previous)
    found = []
    if upgrades:
        found.append(upgrade_path.in_words(settings, previous, overview))
    if stop_of_main(settings, previous):
        wanted = settings.main_instance_type.name
        found.append(f"AWS stops the {main} and starts it with the type {wanted}.")
    found += [f"{what}." for what in replaced(settings, previous).values()]
    if upgrades:
        # With the version the configuration changes, and all restarts for it anyway.
        return found
    if _main_restarts(settings, previous):
        found.append(f"The {main}'s configuration changes, which restarts what runs on it.")
    if settings.shape != SINGLE_MASTER and _nodes_restart(settings, previous, region):
        found.append("The nodes' configuration changes, which restarts every node.")
    return found


def _main_restarts(settings: Settings, previous: PreviousState) -> bool:
    """Whether base services or a single master restart, or have to since an earlier update."""
    if settings.shape == HA_MANAGED or previous.main_configuration is None:
        return False
    env = master_env if settings.shape == SINGLE_MASTER else base_env
    wanted = digest_of(env(settings, _users_name(settings, previous)))
    name = settings.main_role.name
    tried, done = previous.quiet_for.get(name), previous.runs_with.get(name)
    return wanted != previous.main_configuration or (done is not None and tried != done)


def _nodes_restart(settings: Settings, previous: PreviousState, region: str) -> bool:
    """Whether nodes restart; where what they connect to isn't known they may have to."""
    if previous.configuration is None:
        return False
    found = _endpoints(settings, previous, region)
    return found is None or digest_of(shared_env(settings, found)) != previous.configuration


def _endpoints(settings: Settings, previous: PreviousState, region: str) -> Endpoints | None:
    if settings.shape != HA_MANAGED:
        return of_base(settings, _users_name(settings, previous))
    try:
        return of_services(settings, MadeServices(**{**previous.services, "region": region}))
    except LookupError:
        return None


def _users_name(settings: Settings, previous: PreviousState) -> str:
    """The name, or the address, under which users will reach the deployment."""
    if settings.domain_or_public_ip:
        return settings.domain_or_public_ip
    if settings.machines == EXISTING:
        return settings.hosts[0].public_ip
    return previous.base_host or ""
