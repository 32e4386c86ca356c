"""Makes the secrets and the SSH key of a stack, and stores them. Never overwrites one.

uv run openvidu-enterprise init-stack
uv run openvidu-enterprise init-stack --stack production --license-file license.txt
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console

from components.settings.checks.ssh_login import OTHER_HALF
from scripts.expected_errors import expected_errors
from scripts.pulumi_cli import PulumiCli, PulumiError

PROJECT = "openvidu-enterprise"
_SECRET_BYTES = 24
_STRONG = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])(?=.*[-_])[^-].*")
"""What OpenSearch Service takes of a password."""
_SECRETS = ("openviduSecret", "redisPassword", "s3SecretKey", "elasticsearchPassword")
_SSH = ("sshPublicKey", "sshPrivateKey")
_LICENSE = "openviduProLicense"


def make_secret() -> str:
    """A secret of 32 letters, digits, `-` and `_`, some of each, that is no option."""
    while not _STRONG.fullmatch(made := secrets.token_urlsafe(_SECRET_BYTES)):
        continue
    return made


class SshKey(NamedTuple):
    """A key's two halves, in OpenSSH form."""

    public: str
    private: str


def make_ssh_key() -> SshKey:
    """A new ed25519 key."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    return SshKey(f"{public.decode()} {PROJECT}", private.decode())


def missing_values(
    present: Collection[str],
    license_key: str | None,
    secret: Callable[[], str] = make_secret,
    *,
    agent: bool = False,
) -> dict[str, str]:
    """What has to be stored, by key; nothing that is present.

    Args:
        present: keys that the stack has.
        license_key: the OpenVidu license, when it was given.
        secret: makes a secret.
        agent: whether the operator's SSH agent is used, which has the private key.
    """
    values = {key: secret() for key in _SECRETS if key not in present}
    if not agent and not any(key in present for key in _SSH):
        key = make_ssh_key()
        values |= {"sshPublicKey": key.public, "sshPrivateKey": key.private}
    if license_key and _LICENSE not in present:
        values[_LICENSE] = license_key
    return values


def require_whole_key(present: Collection[str]) -> None:
    """Refuse one half of an SSH key without the other.

    Raises:
        PulumiError: it says what makes it whole.
    """
    for there, absent in (_SSH, _SSH[::-1]):
        if there in present and absent not in present:
            raise PulumiError(
                f"{there} is set, but {absent} isn't; they belong together.\n"
                f"  Next: {OTHER_HALF[absent]}\n"
                f"  or, for another pair: pulumi config rm {there} && "
                "uv run openvidu-enterprise init-stack"
            )


def main(
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
    license_file: Annotated[
        Path | None,
        typer.Option(help="File that holds your OpenVidu license.", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """Make the secrets and the SSH key that a stack lacks, and store them as Pulumi secrets.

    Nothing that is there is overwritten, and no secret is shown.

    Example:
      uv run openvidu-enterprise init-stack --stack production --license-file license.txt
    """
    console = Console()
    with expected_errors():
        pulumi = PulumiCli(stack)
        present = pulumi.configured()
        license_key = license_file.read_text().strip() if license_file else None
        agent = "sshAgent" in present and pulumi.get_config("sshAgent").strip() == "true"
        values = missing_values(present, license_key, agent=agent)
        for key, value in values.items():
            pulumi.set_config(key, value, secret=key != "sshPublicKey")
            console.print(f"{key}: made and stored")
    for key in (*_SECRETS, *_SSH):
        if key in present:
            console.print(f"{key}: is set already, left as it is")
    if agent:
        console.print("sshAgent is set: your SSH agent has the private key, so none is made")
    if _LICENSE not in present | values.keys():
        console.print(f"Next, your license: pulumi config set --secret {_LICENSE}")
    with expected_errors():
        if not agent:
            require_whole_key(present | values.keys())


if __name__ == "__main__":
    typer.run(main)
