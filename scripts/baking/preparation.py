"""What is done on the builder, over SSH: a node's own scripts, and then what is taken away."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from components.digest import digest_of
from components.installation import docker_fields, install_fields, pinned
from components.over_ssh import LOST, TEXT, run
from components.remote import fields, text_of, text_with
from components.settings.table import Settings
from components.ssh_way import SshWay, from_text
from openvidu.roles import NODE
from scripts.baking.builder import NAME
from scripts.pulumi_cli import PulumiError
from scripts.stack_machines import Machine

_SCRIPTS = ("install-docker.sh", "install-openvidu.sh", "clean-image.sh")
_SHA256 = re.compile(r"^Its SHA-256 is ([0-9a-f]{64})$", re.MULTILINE)
"""What `machine/install-openvidu.sh` says of OpenVidu's script."""
_CLEAN = _SCRIPTS[-1]
_BOOT_SECONDS, _AFTER_CLEANING_SECONDS = "900", "5"
"""How long it's waited for: nobody gets in there any more where host keys are gone."""


@dataclass(frozen=True)
class Step:
    """A script that runs on the builder.

    Attributes:
        script: its file in `machine/`.
        values: what it reads; may be secret.
        told: what it does, for the operator.
    """

    script: str
    values: str
    told: str


def steps(settings: Settings) -> list[Step]:
    """What makes an ordinary machine one that an image can be made of."""
    product, version = NODE.product, settings.openvidu_version
    checked = {
        "SHA256": pinned(NODE.name, settings),
        "PIN": f"installScriptSha256.{NODE.name}",
    }
    install = install_fields(product, settings, version, checked)
    docker, openvidu, clean = _SCRIPTS
    return [
        Step(docker, docker_fields(product, settings), "installs Docker"),
        Step(openvidu, install, f"installs OpenVidu {version} and pulls its images"),
        Step(clean, fields({"FOLDER": product.folder}), "takes away what no image may have"),
    ]


def made_by() -> str:
    """What tells versions of the scripts apart."""
    return digest_of("".join(text_of(name) for name in _SCRIPTS))


def builder(node: Machine, address: str, host_key: str) -> Machine:
    """How the builder is reached: as a node of its stack is.

    Args:
        node: a node of the stack.
        address: the builder's public one.
        host_key: its SSH host key, from its console.
    """
    way = from_text(node.variables.get("NODE_SSH_WAY", ""))
    if way.ssm:
        way = SshWay(ssm=" ".join([*way.ssm.split()[:-1], NAME]))
    variables = {
        **node.variables,
        "NODE_NAME": NAME,
        "NODE_HOST": address,
        "NODE_HOST_KEY": host_key,
        "NODE_SSH_WAY": way.as_text(),
    }
    return replace(node, name=NAME, host=address, variables=variables)


def prepare(machine: Machine, settings: Settings, say: Callable[[str], None]) -> str:
    """Do it all; returns the SHA-256 of OpenVidu's install script.

    Args:
        machine: the builder.
        settings: what is wanted.
        say: tells what is done.

    Raises:
        PulumiError: a script fails, or the builder can't be reached.
    """
    said = ""
    for step in steps(settings):
        say(f"{NAME} {step.told}")
        said += _run(machine, step)
    found = _SHA256.search(said)
    return found[1] if found else ""


def _run(machine: Machine, step: Step) -> str:
    seconds = _AFTER_CLEANING_SECONDS if step.script == _CLEAN else _BOOT_SECONDS
    variables: Mapping[str, str] = {
        **machine.variables,
        "SCRIPT": step.script,
        "LOCK": NAME,
        "RECONNECT_SECONDS": seconds,
    }
    given = f"{machine.private_key}{TEXT}{text_with(step.script, step.values)}"
    done = run("script", variables, given)
    if done.returncode:
        lost = LOST.search(done.stderr)
        said = lost[0] if lost else (done.stderr or done.stdout).strip()
        raise PulumiError(
            f"{step.script} failed on {NAME}, {machine.host}:\n{said}\n"
            "No image was made.\n"
            "  Next: uv run openvidu-enterprise bake"
        )
    return done.stdout
