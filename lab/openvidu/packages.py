"""The stand-ins for `apt-get`, `apt-cache`, `apt-mark` and apt-daily of a simulated host.

`apt-get` knows `update`, `install` and `remove`, which it can simulate; not where a lock is held.
Packages that are on the machine are the newest already; `docker.io` and `docker-compose-v2` put the
container stand-in in place; nothing else can be had.
"""

from __future__ import annotations

import fcntl
import functools
import importlib.util
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from lab.openvidu.docker import engine
from lab.openvidu.docker.host import registry_is_reachable

LIBRARY = Path("/usr/local/lib/openvidu-lab")
"""Where the host's image keeps the commands until their packages are installed."""
DOCKER = Path("/usr/bin/docker")
COMPOSE_PLUGIN = Path("/usr/libexec/docker/cli-plugins/docker-compose")
_INSTALLED = LIBRARY / "installed"
_HELD = LIBRARY / "held"
_LOCKS = {
    "update": Path("/var/lib/apt/lists/lock"),
    "install": Path("/var/cache/apt/archives/lock"),
}
"""Those that apt waits for by no option. Source: apt, DPkg::Lock::Timeout (of dpkg's alone)."""
_VERSION = "2.29.7"
"""Of each of its packages: what the container stand-in says of Compose."""
_ARCHIVE = "http://archive.ubuntu.com/ubuntu noble"


def _put_docker() -> None:
    shutil.copyfile(LIBRARY / "docker", DOCKER)
    DOCKER.chmod(0o755)
    engine.install(str(LIBRARY / "dockerd"))


def _put_compose() -> None:
    COMPOSE_PLUGIN.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(LIBRARY / "docker-compose", COMPOSE_PLUGIN)
    COMPOSE_PLUGIN.chmod(0o755)


def _put_modules(*names: str) -> None:
    """Have the machine's own Python find modules that the lab has: all in plain Python."""
    for name in names:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            raise ModuleNotFoundError(f"the lab's environment has no {name}; run: uv sync")
        origin = Path(found.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        link = _modules_folder() / source.name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to(source)


@functools.cache
def _modules_folder() -> Path:
    """Where the machine's own `python3` looks for packages."""
    command = ["python3", "-c", "import site; print(site.getsitepackages()[0])"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())


_BOTO3 = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")
_HTTPX = ("httpx", "httpcore", "h11", "anyio", "idna", "typing_extensions")
_CERTIFI = "def where():\n    return '/etc/ssl/certs/ca-certificates.crt'\n"
"""As in Debian's package: Python trusts whom the machine trusts."""


def _put_python(*names: str) -> None:
    """Modules, and Debian's `certifi`, on which both packages depend."""
    _put_modules(*names)
    (_modules_folder() / "certifi.py").write_text(_CERTIFI)


PROVIDED: Mapping[str, tuple[Path, Callable[[], None]]] = {
    "docker.io": (DOCKER, _put_docker),
    "docker-compose-v2": (COMPOSE_PLUGIN, _put_compose),
    "python3-boto3": (_INSTALLED / "python3-boto3", partial(_put_python, *_BOTO3)),
    "python3-httpx": (_INSTALLED / "python3-httpx", partial(_put_python, *_HTTPX)),
    "python3-redis": (_INSTALLED / "python3-redis", partial(_put_modules, "redis")),
}
"""Packages that the stand-in has, the file that says that each is installed, and what it does."""


def main(arguments: Sequence[str]) -> int:
    """Run `apt-get`, `apt-cache` or `apt-mark`; the exit status.

    Args:
        arguments: which of them, and its own.
    """
    program, *words = _without_options(arguments)
    match program:
        case "apt-cache":
            return _show(words[0], [name for name in words[1:] if name in PROVIDED])
        case "apt-mark":
            return _mark(words[0], words[1:])
        case "apt-daily":
            return _update_itself(float(words[0]))
        case _:
            return _get(words, simulated=bool({"-s", "--simulate"} & set(arguments)))


def _get(words: Sequence[str], *, simulated: bool) -> int:
    match words:
        case ["update" | "install" as command, *names] if names or command == "update":
            try:
                with _locked(_LOCKS[command]):
                    return _install(names) if names else _update()
            except BlockingIOError:
                return _is_locked(_LOCKS[command])
        case ["remove", *names] if names:
            return _remove(names, simulated=simulated)
        case ["clean" | "autoclean" | "autoremove"]:
            return 0
        case [other, *_]:
            return _fail(f"Invalid operation {other}")
        case _:
            return _fail("the lab's apt-get knows update, install and remove")


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold a lock.

    Raises:
        BlockingIOError: another process does.
    """
    with file.open("a") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _is_locked(file: Path) -> int:
    """Source: apt-get of Debian 12, run while another holds the lock."""
    sys.stderr.write(f"E: Could not get lock {file}. It is held by process 1 (apt-get)\n")
    return _fail(f"Unable to lock directory {file.parent}/")


def _update_itself(seconds: float) -> int:
    """What Ubuntu does after a boot: lists are updated, and packages downloaded."""
    with ExitStack() as held:
        for file in _LOCKS.values():
            held.enter_context(_locked(file))
        time.sleep(seconds)
    return 0


def _show(command: str, names: Sequence[str]) -> int:
    for name in names:
        if command == "madison":
            _say(f"{name} | {_VERSION} | {_ARCHIVE}/universe amd64 Packages")
        else:
            there = PROVIDED[name][0].exists()
            _say(f"{name}:", f"  Installed: {_VERSION if there else '(none)'}")
    return 0


def _mark(command: str, names: Sequence[str]) -> int:
    held = set(_HELD.read_text().split()) if _HELD.exists() else set()
    if command == "showhold":
        _say(*sorted(held))
        return 0
    held = held | set(names) if command == "hold" else held - set(names)
    _HELD.write_text("".join(f"{name}\n" for name in sorted(held)))
    return 0


def _without_options(arguments: Sequence[str]) -> list[str]:
    words: list[str] = []
    rest = iter(arguments)
    for word in rest:
        if word in ("-o", "--option", "-t", "-c"):
            next(rest, None)
        elif not word.startswith("-"):
            words.append(word)
    return words


def _update() -> int:
    if not registry_is_reachable():
        # As the real one: an archive that doesn't answer is a warning, and the status is 0.
        _say(f"Err:1 {_ARCHIVE} InRelease", "  Could not connect, connection timed out")
        sys.stderr.write("W: Some index files failed to download. They have been ignored.\n")
        return 0
    _say(f"Hit:1 {_ARCHIVE} InRelease", "Reading package lists... Done")
    return 0


def _install(names: Sequence[str]) -> int:
    _say("Reading package lists... Done", "Building dependency tree... Done")
    new: list[str] = []
    for name, _, _ in (wanted.partition("=") for wanted in names):
        if name in PROVIDED and not PROVIDED[name][0].exists():
            new.append(name)
        elif name in PROVIDED or _is_on_machine(name):
            _say(f"{name} is already the newest version.")
        else:
            return _fail(f"Unable to locate package {name}")
    if new and not registry_is_reachable():
        return _fail(f"Failed to fetch {_ARCHIVE}/{new[0]}.deb  Could not connect, timed out")
    for name in new:
        marker, put = PROVIDED[name]
        put()
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
        _say(f"Setting up {name} ...")
    return 0


def _remove(names: Sequence[str], *, simulated: bool) -> int:
    for name in names:
        if name not in PROVIDED:
            return _fail(f"the lab's apt-get doesn't remove {name}: it is this machine's own")
        marker, _ = PROVIDED[name]
        if marker.exists() and simulated:
            _say(f"Remv {name} [{_VERSION}]")
        elif marker.exists():
            marker.unlink()
            if marker == DOCKER:
                engine.uninstall()
            _say(f"Removing {name} ...")
        else:
            _say(f"Package '{name}' is not installed, so not removed")
    return 0


def _is_on_machine(name: str) -> bool:
    command = ["dpkg-query", "--show", "--showformat=${Status}", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "install ok installed" in done.stdout


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


def _fail(message: str) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"E: {message}\n")
    return 100


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
