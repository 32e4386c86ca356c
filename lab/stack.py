"""The lab's stack: the unmodified program, deployed by a `pulumi` command line in the lab.

Commands run in the lab's root namespace, where the fake AWS and the machines' public addresses
are, as an operator's would on the internet.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from lab import cloud
from lab.cloud import Supervisor
from lab.directory import PROJECT, LabDirectory
from lab.engines import Engine, write_programs
from lab.errors import LabError

AWS_ENDPOINT = "http://169.254.10.1:5000"
LICENSE = "license-for-the-lab"
_EXAMPLE = PROJECT / "Pulumi.dev.yaml"


class Stack:
    """The stack of a running lab."""

    def __init__(self, directory: LabDirectory, supervisor: Supervisor, engine: Engine) -> None:
        """Put providers and engine into place for commands; nothing is run.

        Args:
            directory: the lab's files.
            supervisor: the running lab.
            engine: `pulumi` or `embedded`.
        """
        self._directory = directory
        self.supervisor = supervisor
        write_programs(directory.path / "bin", engine)

    @classmethod
    def open(cls, directory: LabDirectory, engine: Engine) -> Stack:
        """The stack of a lab that runs.

        Raises:
            LabError: the lab doesn't run.
        """
        supervisor = cloud.find(directory.path)
        if supervisor is None:
            raise LabError(f"lab '{directory.name}' doesn't run. Start it: uv run lab up")
        return cls(directory, supervisor, engine)

    def initialise(self) -> None:
        """Make the stack with the example's configuration and its secrets, where it's missing."""
        (self._directory.path / "state").mkdir(exist_ok=True)
        if not self._directory.passphrase.exists():
            self._directory.passphrase.touch(mode=0o600)
            self._directory.passphrase.write_text(secrets.token_urlsafe(24))
        if not self.exists():
            shutil.copyfile(_EXAMPLE, self._directory.stack_config)
            self.pulumi("stack", "init", self._directory.stack, quiet=True)
        license_file = self._directory.path / "license.txt"
        license_file.write_text(LICENSE)
        self.python(
            "scripts.init_stack",
            *("--stack", self._directory.stack, "--license-file", str(license_file)),
            quiet=True,
        )
        self._point_domain()

    def exists(self) -> bool:
        """Whether the stack was made."""
        listed = self.pulumi("stack", "ls", "--json", quiet=True)
        names = {entry["name"].rsplit("/", 1)[-1] for entry in json.loads(listed)}
        return self._directory.stack in names

    def config(self) -> dict[str, dict[str, Any]]:
        """The stack's configuration: by full key, `{"value": …, "secret": …}`."""
        found: dict[str, dict[str, Any]] = json.loads(self.pulumi("config", "--json", quiet=True))
        return found

    def secret(self, key: str) -> str:
        """A configured value in plain text, for the lab's own use."""
        return self.pulumi("config", "get", key, quiet=True).removesuffix("\n")

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        found: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json", quiet=True))
        return found

    def set_config(self, key: str, value: str, *, secret: bool = False) -> None:
        """Set a configuration key."""
        self.pulumi("config", "set", "--secret" if secret else "--plaintext", key, stdin=value)
        self._point_domain()

    def pulumi(self, *arguments: str, stdin: str | None = None, quiet: bool = False) -> str:
        """Run a `pulumi` command on the stack.

        Args:
            arguments: what follows `pulumi`.
            stdin: text for its standard input.
            quiet: return what it prints; else it goes to the terminal, and "" is returned.

        Raises:
            LabError: it ended with another status than 0.
        """
        whole = ["pulumi", *arguments, "--non-interactive"]
        if arguments[:2] not in (("stack", "init"), ("stack", "ls")):
            whole += ["--stack", self._directory.stack]
        return self.run(whole, stdin=stdin, quiet=quiet)

    def python(self, module: str, *arguments: str, quiet: bool = False) -> str:
        """Run one of the project's modules as the operator would."""
        return self.run([sys.executable, "-m", module, *arguments], quiet=quiet)

    def run(self, command: Sequence[str], *, stdin: str | None = None, quiet: bool = False) -> str:
        """Run a command on the operator's desk: in the lab's root namespace, in the project."""
        done = subprocess.run(
            self.supervisor.enter(list(command)),
            cwd=PROJECT,
            env=self.environment(),
            input=stdin,
            stdout=subprocess.PIPE if quiet else None,
            stderr=subprocess.PIPE if quiet else None,
            text=True,
            check=False,
        )
        if done.returncode:
            shown = " ".join(command[:3])
            said = f":\n{(done.stderr or done.stdout or '').strip()}" if quiet else ""
            raise LabError(f"'{shown} …' ended with status {done.returncode}{said}")
        return done.stdout or ""

    def environment(self) -> Mapping[str, str]:
        """The environment of the operator's processes: nothing of it leads out of the lab."""
        path = self._directory.path
        kept = {name: os.environ[name] for name in ("TERM", "LANG", "HOME") if name in os.environ}
        return {
            **kept,
            "PATH": f"{path / 'bin'}:{os.environ['PATH']}",
            "PULUMI_HOME": str(path / "pulumi"),
            "PULUMI_BACKEND_URL": f"file://{path / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self._directory.passphrase),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "AWS_ENDPOINT_URL": AWS_ENDPOINT,
            "AWS_ACCESS_KEY_ID": "lab",
            "AWS_SECRET_ACCESS_KEY": "lab",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def remove(self) -> None:
        """Forget the stack: its configuration in the project goes; the rest is in the lab."""
        self._directory.stack_config.unlink(missing_ok=True)

    def _point_domain(self) -> None:
        """Do what the operator does at their DNS provider: point the domain to the base."""
        entry = self.config().get("openvidu-enterprise:domainOrPublicIp", {})
        domain = str(entry.get("value") or "")
        if domain and not domain.replace(".", "").isdigit():
            self.supervisor.control.set_dns(domain, "base")
