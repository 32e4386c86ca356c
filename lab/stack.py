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
from pathlib import Path
from typing import Any

import yaml

from components.aws.session_manager import PLUGIN
from components.settings.choices import EXISTING, HA_MANAGED, SINGLE_MASTER
from components.settings.values import ip_address
from lab.access import Access, access
from lab.cloud import launch
from lab.cloud.facts import TURN_SECRET
from lab.cloud.launch import Supervisor
from lab.directory import PROJECT, LabDirectory
from lab.engine.display.console import VERBOSE_VARIABLE
from lab.engines import Engine, install_engine, write_program
from lab.errors import LabError
from lab.plugins import Providers, install
from lab.reference import built_cli
from openvidu.roles import BASE, MASTER
from scripts import foreground

AWS_ENDPOINT = "http://169.254.10.1:5000"
_BUCKET = "aws:s3/bucket:Bucket"
LICENSE = "license-for-the-lab"
EXAMPLES_ZONE = "Z0123456789ABCDEFGHIJ"
"""The id that stands in examples for the operator's own zone."""
EXAMPLES_VPC = "vpc-0123456789abcdef0"
"""Likewise for the operator's own network."""
OPERATOR_KEY = "lab"
"""The access key of whoever deploys."""
_AWS = {
    "AWS_ENDPOINT_URL": AWS_ENDPOINT,
    "AWS_ACCESS_KEY_ID": OPERATOR_KEY,
    "AWS_SECRET_ACCESS_KEY": "lab",
}


def _example(name: str | None) -> Path:
    """The file of an example.

    Raises:
        LabError: there's none of that name; names those that there are.
    """
    examples = {
        file.name.removeprefix("Pulumi.").removesuffix(".yaml"): file
        for file in (PROJECT / "examples").glob("Pulumi.*.yaml")
    }
    if name is None:
        return PROJECT / "Pulumi.dev.yaml"
    if name not in examples:
        raise LabError(f"no example is called {name!r}; there are: {', '.join(sorted(examples))}")
    return examples[name]


class Stack:
    """The stack of a running lab."""

    def __init__(
        self,
        directory: LabDirectory,
        supervisor: Supervisor,
        engine: Engine,
        providers: Providers = Providers.LAB,
    ) -> None:
        """Put providers and engine into place for commands; nothing is deployed.

        Args:
            directory: the lab's files.
            supervisor: the running lab.
            engine: `pulumi` or `embedded`.
            providers: whose providers deploy.

        Raises:
            LabError: Pulumi's own providers were asked for and can't be had.
        """
        self._directory = directory
        self.supervisor = supervisor
        self.verbose = bool(os.environ.get(VERBOSE_VARIABLE))
        """Whether all is printed that happens."""
        self._providers = providers
        self._config: tuple[bytes, dict[str, dict[str, Any]]] | None = None
        install_engine(directory.path / "bin", engine)
        write_program(directory.path / "bin" / PLUGIN, "lab.cloud.session_plugin")
        self._home = install(directory.path / "pulumi", engine, providers)

    @classmethod
    def open(
        cls, directory: LabDirectory, engine: Engine, providers: Providers = Providers.LAB
    ) -> Stack:
        """The stack of a lab that runs.

        Raises:
            LabError: the lab doesn't run, or the providers can't be had.
        """
        supervisor = launch.find(directory.path)
        if supervisor is None:
            raise LabError(f"lab '{directory.name}' doesn't run. Start it: uv run lab up")
        return cls(directory, supervisor, engine, providers)

    def initialise(self, example: str | None = None) -> None:
        """Make the stack with an example's configuration and its secrets, where it's missing.

        Args:
            example: which, of `examples`; None for that of the page, `Pulumi.dev.yaml`.

        Raises:
            LabError: there is no such example, or the lab has another one's stack.
        """
        (self._directory.path / "state").mkdir(exist_ok=True)
        if not self._directory.passphrase.exists():
            self._directory.passphrase.touch(mode=0o600)
            self._directory.passphrase.write_text(secrets.token_urlsafe(24))
        made_of = self._directory.path / "example"
        if not self.exists():
            shutil.copyfile(_example(example), self._directory.stack_config)
            made_of.write_text(example or "")
            self.pulumi("stack", "init", self._directory.stack, quiet=True)
        elif example and made_of.exists() and made_of.read_text() != example:
            raise LabError(
                f"lab '{self._directory.name}' has another stack. "
                f"Start a lab beside it: uv run lab --name {example} up --example {example}"
            )
        if self._providers is Providers.PULUMI:
            # A bucket's own name is no host that the lab knows.
            self.pulumi("config", "set", "aws:s3UsePathStyle", "true", quiet=True)
        self._make_zone()
        self._make_network()
        license_file = self._directory.path / "license.txt"
        license_file.write_text(LICENSE)
        self.python(
            "scripts.init_stack",
            *("--stack", self._directory.stack, "--license-file", str(license_file)),
            quiet=True,
        )
        if self.configured("turnServer") and not self.configured("turnUsername"):
            self.set_config("turnStaticAuthSecret", TURN_SECRET, secret=True)
        if self._machines_exist:
            self._start_machines()
        self._point_domain()

    def exists(self) -> bool:
        """Whether the stack was made."""
        listed = self.pulumi("stack", "ls", "--json", quiet=True)
        names = {entry["name"].rsplit("/", 1)[-1] for entry in json.loads(listed)}
        return self._directory.stack in names

    def config(self) -> dict[str, dict[str, Any]]:
        """The stack's configuration: by full key, `{"value": …, "secret": …}`."""
        file = self._directory.stack_config.read_bytes()
        if self._config is None or self._config[0] != file:
            self._config = (file, json.loads(self.pulumi("config", "--json", quiet=True)))
        return self._config[1]

    def configured(self, key: str) -> str:
        """A configured text, not a secret one; empty where none is."""
        return str(self.config().get(f"openvidu-enterprise:{key}", {}).get("value") or "")

    def secret(self, key: str) -> str:
        """A configured value in plain text, for the lab's own use."""
        return self.pulumi("config", "get", key, quiet=True).removesuffix("\n")

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        found: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json", quiet=True))
        return found

    def media_nodes(self) -> list[str]:
        """The media nodes that a single master was given."""
        found: list[str] = json.loads(self.config()["openvidu-enterprise:mediaNodes"]["value"])
        return found

    def access(self) -> Access:
        """How the cluster takes users, as it was deployed last.

        Raises:
            LabError: nothing is deployed.
        """
        exported = json.loads(self.pulumi("stack", "export", "--show-secrets", quiet=True))
        found = access(exported["deployment"].get("resources", ()))
        if found is None:
            raise LabError("no cluster is deployed to call. Deploy one: uv run lab up")
        return found

    @property
    def is_locked(self) -> bool:
        """Whether an update runs, or one that was killed has left its lock."""
        return any((self._directory.path / "state/.pulumi/locks").rglob("*.json"))

    def set_config(self, key: str, value: str, *, secret: bool = False, path: bool = False) -> None:
        """Set a configuration key, or with `path` what is at a path in it.

        Raises:
            LabError: it's refused, and isn't stored.
            ControlError: likewise.
        """
        if key == "domainOrPublicIp":
            self._point(value.strip())
        options = ["--secret" if secret else "--plaintext", *(["--path"] if path else [])]
        self.pulumi("config", "set", *options, key, stdin=value)

    def adopt(self) -> None:
        """Take over what a killed update had made, where the state notes one and is free.

        Raises:
            LabError: the fake AWS can't be asked, or the state can't be changed.
        """
        if self.is_locked:
            # What an update makes just now is its own; the next command says who holds the lock.
            return
        exported = json.loads(self.pulumi("stack", "export", quiet=True))
        if exported["deployment"].get("pending_operations"):
            self.python("scripts.adopt", "--stack", self._directory.stack, "--yes")

    def destroy(self) -> None:
        """Drain the nodes and remove every resource, with its data: it's a lab's.

        Raises:
            LabError: it failed, or the bucket can't be asked.
        """
        self.adopt()
        self._release_data()
        self.deploy("destroy")

    def _release_data(self) -> None:
        """Let what is protected be deleted, and a bucket with what is in it."""
        resources = json.loads(self.pulumi("stack", "export", quiet=True))["deployment"]
        for one in resources.get("resources", ()):
            if one["type"] == _BUCKET and not one["outputs"].get("forceDestroy"):
                self.set_config("deleteData", "true")
                self.pulumi("up", "--yes", "--skip-preview", "--target", one["urn"], quiet=True)
        self.pulumi("state", "unprotect", "--all", "--yes", quiet=True)

    def deploy(self, verb: str, *options: str) -> None:
        """Run `pulumi up` or `pulumi destroy`, and show it: in a terminal as the engine does there.

        Args:
            verb: `up` or `destroy`.
            options: further ones.

        Raises:
            LabError: it ended with another status than 0.
        """
        seen = not self.verbose and sys.stdin.isatty() and sys.stdout.isatty()
        self.pulumi(verb, "--yes", "--skip-preview", *options, interactive=seen)

    def pulumi(
        self,
        *arguments: str,
        stdin: str | None = None,
        quiet: bool = False,
        interactive: bool = False,
    ) -> str:
        """Run a `pulumi` command on the stack.

        Args:
            arguments: what follows `pulumi`.
            stdin: text for its standard input.
            quiet: return what it prints; else it goes to the terminal, and "" is returned.
            interactive: whether it may draw in the terminal, and ask there.

        Raises:
            LabError: it ended with another status than 0.
        """
        whole = ["pulumi", *arguments, *([] if interactive else ["--non-interactive"])]
        if arguments[:2] not in (("stack", "init"), ("stack", "ls")):
            whole += ["--stack", self._directory.stack]
        return self.run(whole, stdin=stdin, quiet=quiet)

    def python(self, module: str, *arguments: str, quiet: bool = False) -> str:
        """Run one of the project's modules as the operator would."""
        return self.run([sys.executable, "-m", module, *arguments], quiet=quiet)

    def run(self, command: Sequence[str], *, stdin: str | None = None, quiet: bool = False) -> str:
        """Run a command on the operator's desk: in the lab's root namespace, in the project."""
        done = foreground.run(
            self.supervisor.enter(list(command)),
            input_text=stdin,
            cwd=PROJECT,
            env=self.environment(),
            stdout=subprocess.PIPE if quiet else None,
            stderr=subprocess.PIPE if quiet else None,
        )
        if done.returncode:
            shown = " ".join(command[:3])
            said = f":\n{(done.stderr or done.stdout or '').strip()}" if quiet else ""
            raise LabError(f"'{shown} …' ended with status {done.returncode}{said}")
        return done.stdout or ""

    def environment(self) -> Mapping[str, str]:
        """The environment of the operator's processes: nothing of it leads out of the lab."""
        path = self._directory.path
        # Machines that exist need nothing of AWS: so there's nothing of it.
        aws = {} if self._machines_exist else _AWS
        kept = {name: os.environ[name] for name in ("TERM", "LANG", "HOME") if name in os.environ}
        return {
            **kept,
            "PATH": f"{path / 'bin'}:{os.environ['PATH']}",
            "PULUMI_HOME": str(self._home),
            "PULUMI_BACKEND_URL": f"file://{path / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self._directory.passphrase),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # Who runs for seconds needn't tidy its memory: a sixth less processor time.
            "GOGC": "400",
            built_cli.PYTHON_VARIABLE: sys.executable,
            # It signs what the internet would: so an operator's machine knows it.
            "SSL_CERT_FILE": str(self._directory.certificate_authority),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **({VERBOSE_VARIABLE: "1"} if self.verbose else {}),
            **aws,
        }

    def remove(self) -> None:
        """Forget the stack: its configuration in the project goes; the rest is in the lab."""
        self._directory.stack_config.unlink(missing_ok=True)

    @property
    def _machines_exist(self) -> bool:
        if not self._directory.stack_config.exists():
            return False
        config = yaml.safe_load(self._directory.stack_config.read_text())["config"]
        return bool(config.get("openvidu-enterprise:machines") == EXISTING)

    def _start_machines(self) -> None:
        """Do what the machines' owner has done: they run, and their host keys are known."""
        config = self.config()
        hosts = json.loads(config["openvidu-enterprise:hosts"]["value"])
        if all("hostKey" in host for host in hosts):
            return
        network = config["openvidu-enterprise:subnetCidr"]["value"]
        shape = config["openvidu-enterprise:shape"]["value"]
        first = (MASTER if shape == SINGLE_MASTER else BASE).name
        addresses = [host["privateIp"] for host in hosts]
        made = self.run(
            [sys.executable, "-m", "lab.existing", first, network, *addresses],
            stdin=self.secret("sshPublicKey"),
            quiet=True,
        )
        entry = {"value": made, "objectValue": json.loads(made)}
        self.pulumi("config", "set-all", "--json", json.dumps({"hosts": entry}), quiet=True)

    def _make_zone(self) -> None:
        """Do what the operator has done in Route 53, where the example names a hosted zone."""
        if self.configured("hostedZoneId") == EXAMPLES_ZONE:
            _, _, zone = self.configured("domainOrPublicIp").partition(".")
            made = self.run([sys.executable, "-m", "lab.zone", zone], quiet=True)
            self.pulumi("config", "set", "hostedZoneId", made, quiet=True)

    def _make_network(self) -> None:
        """Do what the operator has done in VPC, where the example names a network."""
        if self.configured("vpcId") != EXAMPLES_VPC:
            return
        count = str(len(json.loads(self.configured("subnetIds"))))
        made = json.loads(
            self.run([sys.executable, "-m", "lab.operators_network", count], quiet=True)
        )
        subnets = made["subnetIds"]
        entries = {
            "vpcId": {"value": made["vpcId"]},
            "subnetIds": {"value": json.dumps(subnets), "objectValue": subnets},
        }
        self.pulumi("config", "set-all", "--json", json.dumps(entries), quiet=True)

    def _point_domain(self) -> None:
        """Do what the operator does at their DNS provider: point the domain to the base."""
        self._point(self.configured("domainOrPublicIp"))

    def _point(self, domain: str) -> None:
        by_zone = self.configured("shape") == HA_MANAGED
        if domain and not ip_address(domain) and not by_zone:
            self.supervisor.control.set_dns(domain, "base")
