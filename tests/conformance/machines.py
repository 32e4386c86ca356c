"""A host with the stand-in for Docker, and one with Docker itself."""

from __future__ import annotations

import itertools
import os
import shlex
import subprocess
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lab.cloud.requirements import ENGINE, find_program, without_program
from lab.openvidu.testing.cluster import Cluster
from lab.openvidu.testing.world import PROJECT, Host, World, wait

COMPOSES = PROJECT / ".composes"
"""Where `./run test` puts the programs, each named by its version."""
TOOL = "conformance/tool:1"
"""An image with a shell and little more."""
_PROGRAMS = ("dockerd", "containerd", "containerd-shim-runc-v2", "runc", "docker-proxy")

_CONFIGURATIONS = "/root/docker"
"""A folder for each Compose, with it as a plugin."""
_CGROUPS = f"openvidu-conformance-{os.getpid()}"
_IMPORT = f"docker import - {TOOL}"
_PIVOT = 'cd "$1" && mkdir -p .outside && pivot_root . .outside && exec chroot . /bin/sh -c "$2"'
"""A command's containers would see this machine's root, were its own only changed."""
_BOOT = f"""
umount --lazy /.outside
mount --bind /srv/docker /var/lib/docker
for link in $(ls /sys/class/net | grep -E '^(docker|br-|veth)'); do ip link delete "$link"; done
nft flush ruleset
exec dockerd --cgroup-parent /{_CGROUPS} >>/var/log/dockerd.log 2>&1
"""
"""A power cut leaves an engine its folder; mounts, links and rules are gone."""
_NUMBERS = itertools.count(1)

Completed = subprocess.CompletedProcess[str]


@dataclass
class Machine:
    """A host with a `docker` command.

    Attributes:
        host: the host.
        environment: chooses the Compose.
    """

    host: Host
    environment: dict[str, str] = field(default_factory=dict)

    def file(self, path: str) -> Path:
        """A file of the host, as seen from here."""
        return self.host.root / path.lstrip("/")

    def folder(self, compose: str, env: str = "") -> Folder:
        """A new Compose project."""
        made = Folder(self, f"/srv/p{next(_NUMBERS)}")
        self.file(made.path).mkdir(parents=True)
        made.write("docker-compose.yml", compose)
        made.write(".env", env)
        return made

    def docker(self, arguments: str) -> Completed:
        """Run `docker ARGUMENTS`."""
        return self.host.run(f"docker {arguments}", environment=self.environment, check=False)

    def names(self) -> list[str]:
        """Names of all containers, running or not."""
        return sorted(self.docker("ps --all --format '{{.Names}}'").stdout.split())

    def volumes(self) -> list[str]:
        """Names of all volumes."""
        return sorted(self.docker("volume ls --quiet").stdout.split())

    def inspect(self, name: str, field: str) -> str:
        """A field of a container, such as `.State.Status`; empty where there is none."""
        return self.docker(f"inspect --format '{{{{{field}}}}}' {name}").stdout.strip()

    def wait_for(self, name: str, field: str, value: str) -> None:
        """Wait until a field of a container has a value."""
        Cluster.wait_for(lambda: self.inspect(name, field) == value, f"{name} {field}={value}")

    def clear(self) -> None:
        """Remove all containers, volumes and networks."""
        self.host.run("docker ps --all --quiet | xargs --no-run-if-empty docker rm --force")
        self.host.run("docker volume ls --quiet | xargs --no-run-if-empty docker volume rm")
        if isinstance(self.host, EngineHost):
            self.host.run("docker network prune --force")


@dataclass
class Folder:
    """A Compose project on a machine.

    Attributes:
        machine: where.
        path: absolute.
    """

    machine: Machine
    path: str

    def container(self, service: str) -> str:
        """The name that Compose gives to a service's container."""
        return f"{Path(self.path).name}-{service}-1"

    def volume(self, name: str) -> str:
        """The name that Compose gives to a volume."""
        return f"{Path(self.path).name}_{name}"

    def write(self, file: str, text: str) -> None:
        """Put a file there."""
        self.machine.file(f"{self.path}/{file}").write_text(text)

    def compose(self, arguments: str, stdin: str = "", **environment: str) -> Completed:
        """Run `docker compose ARGUMENTS` there."""
        return self.machine.host.run(
            f"cd {self.path} && docker compose {arguments}",
            environment=self.machine.environment | environment,
            stdin=stdin,
            check=False,
        )

    def up(self, arguments: str = "") -> Completed:
        """Bring all up, which has to succeed."""
        done = self.compose(f"up --detach {arguments}")
        assert done.returncode == 0, done.stderr
        return done

    def spawn(self, arguments: str, group: str = "") -> subprocess.Popen[str]:
        """Start `docker compose ARGUMENTS` there.

        Args:
            arguments: of Compose.
            group: a file to note the number of its process group in, which is its own then.
        """
        variables = [f"{name}={shlex.quote(v)}" for name, v in self.machine.environment.items()]
        noted = f"echo $$ >{group} && " if group else ""
        compose = f"exec env {' '.join(variables)} docker compose {arguments}"
        own = ["/usr/bin/setsid", "--wait"] if group else []
        script = f"cd {self.path} && {noted}{compose}"
        return self.machine.host.spawn([*own, "/bin/bash", "-c", script])

    def logs(self, service: str) -> list[str]:
        """What a service's container printed."""
        return self.machine.docker(f"logs {self.container(service)}").stdout.splitlines()


def stand_in(world: World) -> Machine:
    """A host with the lab's stand-in."""
    host = world.host("standin", "10.5.0.20")
    host.run(f"apt-get install --yes docker.io docker-compose-v2 && {_IMPORT} </dev/null")
    return Machine(host)


class EngineHost(Host):
    """A host with Docker itself; each boot starts dockerd with the folder that it had before."""

    def __init__(self, world: World, name: str, ip: str) -> None:
        super().__init__(world, name, ip)
        root = self.inner_root
        programs = [_program(name) for name in (*_PROGRAMS, "docker")]
        self.run_beside(
            f"mkdir -p {root}/srv/docker {root}/srv/tool/bin {root}/var/lib/docker && "
            f"mount -t tmpfs docker {root}/srv/docker && mount --rbind /sys {root}/sys && "
            f"cp --dereference {' '.join(programs)} {root}/usr/bin && "
            f"cp --dereference {_program('busybox')} {root}/srv/tool/bin/busybox && "
            f"chroot {root}/srv/tool /bin/busybox --install /bin"
        )
        for program in COMPOSES.iterdir():
            plugins = f"{_CONFIGURATIONS}/{program.name}/cli-plugins"
            self.run(f"mkdir -p {plugins} && ln -s {program} {plugins}/docker-compose")
        self.boot()
        self.run(f"tar -C /srv/tool -c . | {_IMPORT}")

    def boot(self) -> None:
        """Start dockerd, and wait until it answers.

        Raises:
            TimeoutError: it doesn't; with its last words.
        """
        script = shlex.join(["/bin/sh", "-c", _PIVOT, "sh", self.inner_root, _BOOT])
        self.run_beside(f"unshare --mount {script} </dev/null >/dev/null 2>&1 &")
        try:
            wait(lambda: self.run("docker info", check=False).returncode == 0, "dockerd")
        except TimeoutError as error:
            said = self.run("tail -n 1 /var/log/dockerd.log", check=False).stdout
            raise TimeoutError(f"{error}: {said}") from error

    def crash(self) -> None:
        """Lose it, and what the kernel keeps of its containers."""
        super().crash()
        for folder in sorted(Path("/sys/fs/cgroup").rglob(f"{_CGROUPS}/**"), reverse=True):
            # Killed processes are in there until they have ended.
            wait(partial(_removed, folder), f"the end of all in {folder}")


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return not folder.is_dir()
    return True


def engine(host: EngineHost, compose: str) -> Machine:
    """An engine's host, driven with one of the Composes."""
    return Machine(host, {"DOCKER_CONFIG": f"{_CONFIGURATIONS}/{compose}"})


def lacking() -> str:
    """What the engine needs and this machine doesn't have; empty where it has all."""
    missing = [entry.what for entry in without_program(ENGINE)]
    return ", ".join(missing if COMPOSES.is_dir() else [*missing, str(COMPOSES)])


def _program(name: str) -> str:
    """Debian's own, where there are several."""
    found = Path("/usr/bin") / name
    return str(found) if found.exists() else str(find_program(name))
