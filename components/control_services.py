"""What runs on the machine that users connect to, from install to the first answer.

The same for base services and a single master. Source: page, "Installing Base Services";
documentation, "Deploy OpenVidu Pro on premises".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components import installation, update_plan
from components.addresses import domain_or_public_ip
from components.machine import Machine
from components.membership_program import put_policy, put_program
from components.on_base import digest, on_base, quiet, warn_of_restart
from components.previous_state import PreviousState
from components.remote import RemoteCommand, fields, run_on
from components.settings.table import Settings
from components.upgrade_path import Change, change_of
from openvidu.roles import BASE


@dataclass(frozen=True)
class Services:
    """Services that run.

    Attributes:
        name: the domain or address under which users reach them.
        version: the version of OpenVidu that they have.
        ready: what depends on running services depends on these.
        docker: Docker on their machine.
    """

    name: pulumi.Output[str]
    version: pulumi.Input[str]
    ready: Sequence[pulumi.Resource]
    docker: pulumi.Resource


def services(
    machine: Machine,
    settings: Settings,
    env: Callable[[Settings, str], str],
    previous: PreviousState,
    *,
    wait_for: Sequence[str],
    parent: pulumi.Resource,
    keep: str = "",
) -> Services:
    """Register the services on a machine.

    A changed `.env` waits for a moment without calls, and then restarts what it's for.

    Args:
        machine: where they run.
        settings: what to deploy.
        env: the text of `.env` by settings and name.
        previous: what is deployed: its configuration is told apart from this one.
        wait_for: what has to answer, in the words of `machine/start-services.sh`.
        parent: the component that owns all of it.
        keep: a key of `.env` whose value on the machine wins.
    """
    name = domain_or_public_ip(settings, machine)
    text: pulumi.Output[str] = pulumi.Output.secret(name.apply(lambda found: env(settings, found)))
    configuration = _told_apart(text, settings, previous, parent)
    docker = installation.docker(machine, settings, parent)
    program = put_program(machine, settings, parent=parent, depends_on=[docker])
    policy = put_policy(machine, settings, parent=parent, depends_on=[docker])
    change = change_of(machine.name, settings, previous)
    restart: dict[str, pulumi.Input[str]] = {
        "CONFIGURATION": configuration,
        **previous.configuration_attempt(machine.name),
    }
    upgrade = _upgrade(machine, settings, previous, change, parent, [program, policy])
    install = _install(machine, settings, change, docker, upgrade, parent)
    # A quiet moment would have to be waited for twice.
    moment = f"quiet{_suffix(settings)}"
    waited = quiet(
        machine, moment, settings, restart, previous, parent=parent, depends_on=[upgrade]
    )
    after = [install, waited]
    product = settings.main_role.product
    put = installation.put_env(
        machine, product, settings, text, parent=parent, depends_on=after, keep=keep
    )
    ready = [
        put,
        *_own_certificate(machine, settings, parent, install),
        *_data_volume(machine, settings, parent, install),
    ]
    more = {
        "ATTEMPT": str(change.to.number),
        **_stops(settings, previous),
        **_cuts_calls(settings),
    }
    start = _start(machine, settings, configuration, wait_for, more, parent, ready)
    done = installation.note_version(machine, change, restart, parent=parent, depends_on=[start])
    version = installation.installed_version(install, settings)
    return Services(name, version, [start, program, policy, done], docker)


def _told_apart(
    text: pulumi.Output[str],
    settings: Settings,
    previous: PreviousState,
    parent: pulumi.Resource,
) -> pulumi.Output[str]:
    """The digest of `.env`, with a warning where it isn't that of what runs."""
    configuration = digest(text)
    warning = update_plan.restart_of_main(settings)
    configuration.apply(
        lambda now: warn_of_restart(previous.main_configuration, now, warning, parent)
    )
    return configuration


def _stops(settings: Settings, previous: PreviousState) -> dict[str, str]:
    """What AWS has stopped starts by itself; the update ends when it answers."""
    stops = update_plan.stops_of_main(settings, previous)
    return {"STOPS": str(stops)} if stops else {}


def _suffix(settings: Settings) -> str:
    return "" if settings.main_role is BASE else "-master"


def _upgrade(
    machine: Machine,
    settings: Settings,
    previous: PreviousState,
    change: Change,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> pulumi.Resource:
    """What has to have happened before another version is installed: the nodes' drains."""
    return on_base(
        f"{machine.name}-upgrade",
        f"upgrade{_suffix(settings)}",
        settings,
        machine,
        change.variables,
        parent=parent,
        depends_on=depends_on,
        on_create=False,
        beside=previous.told_nodes,
        is_due=change.is_due,
    )


def _install(
    machine: Machine,
    settings: Settings,
    change: Change,
    docker: pulumi.Resource,
    upgrade: pulumi.Resource,
    parent: pulumi.Resource,
) -> RemoteCommand:
    """What installs the wanted version, when its calls have ended where another one runs."""
    return installation.install(
        machine,
        settings.main_role.product,
        settings,
        change.to.version,
        change,
        parent=parent,
        # A new machine has nothing that could be cut.
        depends_on=[docker, upgrade] if change.is_due else [docker],
    )


def _start(
    machine: Machine,
    settings: Settings,
    configuration: pulumi.Output[str],
    wait_for: Sequence[str],
    more: Mapping[str, str],
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> pulumi.Resource:
    """The start of the services, or their restart: the script sees for itself what changed."""
    role = settings.main_role
    return run_on(
        machine,
        f"{machine.name}-start",
        "start-services.sh",
        settings,
        parent=parent,
        stdin=pulumi.Output.all(configuration, machine.public_ip).apply(
            lambda known: fields(
                {
                    "NAME": role.name,
                    "FOLDER": role.product.folder,
                    "COMMAND": role.product.command,
                    "PROXY": role.proxy,
                    "WAIT_FOR": " ".join(wait_for),
                    "PUBLIC_IP": known[1],
                    "CONFIGURATION": known[0],
                    **more,
                }
            )
        ),
        depends_on=depends_on,
    )


def _cuts_calls(settings: Settings) -> dict[str, str]:
    """What lets a master restart for its configuration while calls go on; a base carries none."""
    cuts = settings.config_change_during_calls and settings.main_role is not BASE
    return {"DURING_CALLS": "true"} if cuts else {}


def _data_volume(
    machine: Machine, settings: Settings, parent: pulumi.Resource, install: pulumi.Resource
) -> list[pulumi.Resource]:
    """What keeps the services' data on a volume of its own, where the machine has one."""
    if machine.data_volume is None:
        return []
    role = settings.main_role
    place = {"FOLDER": role.product.folder, "FOLDERS": " ".join(role.data)}
    return [
        run_on(
            machine,
            f"{machine.name}-data-mounted",
            "mount-data.sh",
            settings,
            parent=parent,
            stdin=machine.data_volume.apply(lambda volume: fields({"VOLUME": volume, **place})),
            depends_on=[install],
        )
    ]


def _own_certificate(
    machine: Machine, settings: Settings, parent: pulumi.Resource, install: pulumi.Resource
) -> list[pulumi.Resource]:
    """Your own certificate, where one is configured."""
    if settings.certificate_type != "owncert":
        return []
    role = settings.main_role
    place = fields({"FOLDER": role.product.folder, "PROXY": role.proxy})
    given = f"{settings.own_certificate}{settings.own_private_key}"
    return [
        run_on(
            machine,
            f"{machine.name}-certificate",
            "put-certificate.sh",
            settings,
            parent=parent,
            stdin=pulumi.Output.secret(place + given),
            depends_on=[install],
        )
    ]
