"""What all machines have in common: Docker, OpenVidu installed, and its `.env` in place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_command import local

from components.control_machine import ControlMachine
from components.machine import Machine
from components.on_base import digest
from components.over_ssh import NOTHING
from components.remote import RemoteCommand, fields, reached, run_on, text_of, with_text
from components.settings.table import Settings
from components.upgrade_path import Change
from components.way_out import fields as way_out_fields
from openvidu import compose, environment
from openvidu.release import COMPOSE_SHA256, COMPOSE_URL, LATEST, NODE, Product
from openvidu.roles import role_of

_INSTALLED = re.compile(r"^OpenVidu ([0-9.]+) is installed", re.MULTILINE)
"""What `machine/install-openvidu.sh` says at its end."""

_SHA256 = re.compile(r"^SHA-256 of \S+: ([0-9a-f]{64})$", re.MULTILINE)
"""What `machine/note-script.sh` says at its end."""

_DOCKER, _INSTALL = "install-docker.sh", "install-openvidu.sh"
"""Scripts of `machine/`."""

MachineOf = Callable[[pulumi.Resource], Machine]
"""Registers a machine as a child of the resource that it is given."""


@dataclass(frozen=True)
class First:
    """What holds for a first install.

    Attributes:
        sha256: what the install script has to have, unless it's pinned; empty takes any.
        wait_seconds: how long it waits, as others pull images beside it.
    """

    sha256: pulumi.Input[str] = ""
    wait_seconds: int = 0


_AT_ONCE = First()


def docker(machine: Machine, settings: Settings, parent: pulumi.Resource) -> pulumi.Resource:
    """Register Docker on a machine, and its way out: machines that are made always get it.

    Updates of the system leave it as it is.
    """
    return run_on(
        machine,
        f"{machine.name}-docker",
        _DOCKER,
        settings,
        parent=parent,
        stdin=_docker_given(machine, settings),
    )


def _docker_given(machine: Machine, settings: Settings) -> pulumi.Input[str]:
    is_host = machine.name in settings.wanted_hosts
    product = role_of(machine.name).product
    text = docker_fields(product, settings, installs=settings.install_docker or not is_host)
    return pulumi.Output.secret(text) if way_out_fields(settings) else text


def docker_fields(product: Product, settings: Settings, *, installs: bool = True) -> str:
    """What `machine/install-docker.sh` reads; secret where there is a way out.

    Args:
        product: what is to run there.
        settings: what is wanted.
        installs: whether it's installed where it isn't there.
    """
    return fields(
        {
            "INSTALL": str(installs).lower(),
            **compose.told(product, settings.openvidu_version),
            "COMPOSE_URL": COMPOSE_URL,
            "COMPOSE_SHA256": COMPOSE_SHA256,
            "FOLDER": product.folder,
            **way_out_fields(settings),
        }
    )


def install(
    machine: Machine,
    product: Product,
    settings: Settings,
    version: pulumi.Input[str],
    change: Change,
    *,
    first: First = _AT_ONCE,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> RemoteCommand:
    """Register a product of OpenVidu on a machine; another version upgrades it, or rolls back.

    Args:
        machine: where to install it.
        product: what to install.
        settings: gives user and key for SSH.
        version: fixed, or `latest`.
        change: what becomes of its version; another attempt looks at that again.
        first: what holds where it's installed for the first time.
        parent: the component that owns it.
        depends_on: what has to be done before.
    """
    return run_on(
        machine,
        f"{machine.name}-install",
        _INSTALL,
        settings,
        parent=parent,
        stdin=_install_given(machine, product, settings, version, change, first),
        depends_on=depends_on,
    )


def _install_given(
    machine: Machine,
    product: Product,
    settings: Settings,
    version: pulumi.Input[str],
    change: Change,
    first: First,
) -> pulumi.Output[str]:
    role = role_of(machine.name).name

    def values(given: Sequence[str]) -> str:
        found, noted = given
        return install_fields(
            product,
            settings,
            found,
            {
                "ATTEMPT": str(change.to.number),
                **({"DURING_CALLS": "true"} if change.cuts else {}),
                "SHA256": pinned(role, settings) or noted,
                "PIN": f"installScriptSha256.{role}",
                **({"WAIT_SECONDS": str(first.wait_seconds)} if first.wait_seconds else {}),
            },
        )

    return pulumi.Output.all(version, first.sha256).apply(values)


def installed(
    machine: Machine,
    product: Product,
    settings: Settings,
    version: pulumi.Input[str],
    change: Change,
    first: First,
) -> pulumi.Output[str]:
    """A digest of all that has `docker` or `install` run on a machine: its way, scripts and values.

    Args:
        machine: where it's installed.
        product: what is installed.
        settings: what is wanted.
        version: as for `install`.
        change: likewise.
        first: likewise.
    """
    way = reached(machine, settings)
    scripts = "".join(map(text_of, (_DOCKER, _INSTALL)))
    keys = settings.ssh_private_keys
    given = _install_given(machine, product, settings, version, change, first)
    text = pulumi.Output.concat(way, keys, scripts, _docker_given(machine, settings), given)
    return digest(text)


def install_fields(
    product: Product, settings: Settings, version: str, more: Mapping[str, str]
) -> str:
    """What `machine/install-openvidu.sh` reads.

    Args:
        product: what to install.
        settings: says from where.
        version: fixed, or `latest`.
        more: what is known of this install.
    """
    return fields(
        {
            "URL": product.url(version, settings.install_script_url),
            "VERSION": version,
            "FOLDER": product.folder,
            "COMMAND": product.command,
            **compose.told(product, version),
            **more,
        }
    )


def pinned(role: str, settings: Settings) -> str:
    """The SHA-256 that a role's install script has to have by the configuration; empty for any."""
    return dict(settings.install_script_sha256).get(role, "")


def node_script(
    base: ControlMachine, settings: Settings, parent: pulumi.Resource
) -> pulumi.Output[str]:
    """Register the note of what the nodes' install script was; gives its SHA-256.

    Args:
        base: the machine that all nodes have in common keeps the note.
        settings: gives user and key for SSH.
        parent: the component that owns it.
    """
    noted = run_on(
        base.machine,
        "node-script",
        "note-script.sh",
        settings,
        parent=parent,
        stdin=pulumi.Output.from_input(base.version).apply(
            lambda version: fields({"URL": NODE.url(version, settings.install_script_url)})
        ),
        depends_on=base.downloads_after,
    )

    def digest(said: str | None) -> str:
        match = _SHA256.search(said or "")
        return match[1] if match else ""

    return pulumi.Output.unsecret(noted.stdout.apply(digest))


def installed_version(base: RemoteCommand, settings: Settings) -> pulumi.Input[str]:
    """The version that the base has: its nodes have no other, even where that is `latest`.

    Args:
        base: the base's install.
        settings: what to deploy.
    """
    if settings.openvidu_version != LATEST:
        return settings.openvidu_version

    def found(said: str) -> str:
        match = _INSTALLED.search(said)
        return match[1] if match else LATEST

    return base.stdout.apply(found)


def put_env(
    machine: Machine,
    product: Product,
    settings: Settings,
    text: pulumi.Output[str],
    *,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
    keep: str = "",
) -> RemoteCommand:
    """Register a product's `.env`.

    Args:
        machine: where to put it.
        product: whose it is.
        settings: gives user and key for SSH.
        text: the file's text, secret.
        parent: the component that owns it.
        depends_on: the install.
        keep: a key whose value on the machine wins over the text's.
    """
    return run_on(
        machine,
        f"{machine.name}-env",
        "put-env.sh",
        settings,
        parent=parent,
        stdin=text.apply(lambda env: env_file(product.folder, keep, env)),
        depends_on=depends_on,
    )


def env_file(folder: str, keep: str, text: str) -> str:
    """What `put-env.sh` reads on standard input.

    Args:
        folder: where the file goes.
        keep: as for `put_env`.
        text: the file's text.
    """
    defaults = " ".join(f"{name}={value}" for name, value in environment.DEFAULTS.items())
    return with_text({"FOLDER": folder, "KEEP": keep, "DEFAULTS": defaults}, text)


def note_version(
    machine: Machine,
    change: Change,
    restart: Mapping[str, pulumi.Input[str]],
    *,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> pulumi.Resource:
    """Register what keeps in the state which version and configuration a machine runs with."""
    return local.Command(
        f"{machine.name}-version",
        create=NOTHING,
        update=NOTHING,
        environment={**change.variables, **restart},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=depends_on),
    )
