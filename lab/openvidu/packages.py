"""The stand-ins for `apt-get`, `apt-cache`, `apt-mark` and apt-daily of a simulated host.

`apt-get` knows `update`, `install` and `remove`, which it can simulate; not where a lock is held.
Packages that are on the machine are the newest already; those of Docker put the container stand-in
in place, where the release has them; nothing else can be had. `docker.io` and `docker-ce` exclude
each other.
"""

from __future__ import annotations

import fcntl
import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from lab.openvidu.docker import engine
from lab.openvidu.docker.host import HostFile, registry_is_reachable

LIBRARY = Path("/usr/local/lib/openvidu-lab")
"""Where the host's image keeps the commands until their packages are installed."""
DOCKER = Path("/usr/bin/docker")
COMPOSE_PLUGIN = Path("/usr/libexec/docker/cli-plugins/docker-compose")
INSTALLED = LIBRARY / "installed"
"""A file for each of its packages that is there."""
_HELD = LIBRARY / "held"
_LOCKS = {
    "update": Path("/var/lib/apt/lists/lock"),
    "install": Path("/var/cache/apt/archives/lock"),
}
"""Those that apt waits for by no option. Source: apt, DPkg::Lock::Timeout (of dpkg's alone)."""
_VERSION = "2.29.7"
"""Of each of its packages: what the container stand-in says of Compose."""
_ARCHIVES = {
    "ubuntu": "http://archive.ubuntu.com/ubuntu noble",
    "debian": "http://deb.debian.org/debian trixie",
}
_GERMAN = {
    "Installed": "Installiert",
    "(none)": "(keine)",
    "Could not get lock %s. It is held by process 1 (apt-get)": (
        "Sperre %s konnte nicht erlangt werden. Sie wird von Prozess 1 (apt-get) gehalten."
    ),
    "Unable to lock directory %s/": "Das Verzeichnis %s/ kann nicht gesperrt werden.",
}
"""apt's own words where the language is German: those that the program reads."""


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


_PYTHON: Mapping[str, Callable[[], None]] = {
    "python3-boto3": partial(_put_python, *_BOTO3),
    "python3-httpx": partial(_put_python, *_HTTPX),
    "python3-redis": partial(_put_modules, "redis"),
}
_RELEASES: Mapping[str, Mapping[str, Callable[[], None]]] = {
    "ubuntu": {"docker.io": _put_docker, "docker-compose-v2": _put_compose},
    "debian": {
        "docker.io": _put_docker,
        # The command is a package of its own there.
        "docker-cli": lambda: None,
        "docker-compose": _put_compose,
    },
}
"""Packages by release, and what each does. Source: packages.ubuntu.com, packages.debian.org."""
_OWN_SOURCE: Mapping[str, Callable[[], None]] = {
    "docker-ce": _put_docker,
    "docker-compose-plugin": _put_compose,
}
"""What Docker's own source has, where a machine has that."""
_CONFLICT = {"docker.io": "docker-ce", "docker-ce": "docker.io"}
_COMES_WITH = {
    **dict.fromkeys(("docker.io", "docker-ce"), DOCKER),
    **dict.fromkeys(
        ("docker-compose-v2", "docker-compose", "docker-compose-plugin"), COMPOSE_PLUGIN
    ),
}
"""A file that goes with its package."""


def _provided() -> Mapping[str, Callable[[], None]]:
    """Packages that can be had on this machine, and what each does."""
    facts = HostFile.read()
    own = _OWN_SOURCE if facts and facts.own_source else {}
    return {**_RELEASES[_release()], **own, **_PYTHON}


def _release() -> str:
    facts = HostFile.read()
    return facts.release if facts else "ubuntu"


def _is_there(name: str) -> bool:
    return (INSTALLED / name).exists()


def _told(words: str) -> str:
    """Words of apt's in the language that it's asked in."""
    language = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return _GERMAN[words] if language.startswith("de_") else words


def main(arguments: Sequence[str]) -> int:
    """Run `apt-get`, `apt-cache` or `apt-mark`; the exit status.

    Args:
        arguments: which of them, and its own.
    """
    program, *words = _without_options(arguments)
    match program:
        case "apt-cache":
            return _show(words[0], [name for name in words[1:] if name in _provided()])
        case "apt-mark":
            return _mark(words[0], words[1:])
        case "apt-daily":
            return _update_itself(float(words[0]))
        case _:
            return _get(words, set(arguments))


def _get(words: Sequence[str], options: Collection[str]) -> int:
    match words:
        case ["update" | "install" as command, *names] if names or command == "update":
            try:
                with _locked(_LOCKS[command]):
                    may_remove = "--no-remove" not in options
                    return _install(names, may_remove=may_remove) if names else _update()
            except BlockingIOError:
                return _is_locked(_LOCKS[command])
        case ["remove", *names] if names:
            return _remove(names, simulated=not {"-s", "--simulate"}.isdisjoint(options))
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
    held = _told("Could not get lock %s. It is held by process 1 (apt-get)") % file
    sys.stderr.write(f"E: {held}\n")
    return _fail(_told("Unable to lock directory %s/") % file.parent)


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
            _say(f"{name} | {_VERSION} | {_ARCHIVES[_release()]} amd64 Packages")
        else:
            found = _VERSION if _is_there(name) else _told("(none)")
            _say(f"{name}:", f"  {_told('Installed')}: {found}")
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
        archive = _ARCHIVES[_release()]
        _say(f"Err:1 {archive} InRelease", "  Could not connect, connection timed out")
        sys.stderr.write("W: Some index files failed to download. They have been ignored.\n")
        return 0
    _say(f"Hit:1 {_ARCHIVES[_release()]} InRelease", "Reading package lists... Done")
    return 0


def _install(names: Sequence[str], *, may_remove: bool) -> int:
    _say("Reading package lists... Done", "Building dependency tree... Done")
    provided = _provided()
    new: list[str] = []
    for name, _, _ in (wanted.partition("=") for wanted in names):
        if name in provided and not _is_there(name):
            new.append(name)
        elif name in provided or _is_on_machine(name):
            _say(f"{name} is already the newest version.")
        else:
            return _fail(f"Unable to locate package {name}")
    if new and not registry_is_reachable():
        archive = _ARCHIVES[_release()]
        return _fail(f"Failed to fetch {archive}/{new[0]}.deb  Could not connect, timed out")
    gone = [other for name in new if _is_there(other := _CONFLICT.get(name, name))]
    if gone and not may_remove:
        return _fail("Packages need to be removed but remove is disabled.")
    _remove(gone, simulated=False)
    for name in new:
        provided[name]()
        INSTALLED.mkdir(parents=True, exist_ok=True)
        (INSTALLED / name).touch()
        _say(f"Setting up {name} ...")
    return 0


def _remove(names: Sequence[str], *, simulated: bool) -> int:
    for name in names:
        if name not in _provided():
            return _fail(f"the lab's apt-get doesn't remove {name}: it is this machine's own")
        if not _is_there(name):
            _say(f"Package '{name}' is not installed, so not removed")
        elif simulated:
            _say(f"Remv {name} [{_VERSION}]")
        else:
            (INSTALLED / name).unlink()
            if file := _COMES_WITH.get(name):
                file.unlink(missing_ok=True)
            if file == DOCKER:
                engine.uninstall()
            _say(f"Removing {name} ...")
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
