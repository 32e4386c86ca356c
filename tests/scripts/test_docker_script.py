"""Docker on a machine: chosen by what there is, kept as it is, and nothing removed for it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.scripts.existing_host import FOUND, ExistingHost, existing_host

RELEASED = "#!/bin/bash\necho 2.26.1\n"
UBUNTU = (
    "docker.io 28.2.2-0ubuntu1~24.04.1",
    "docker-compose 1.29.2-6ubuntu1",
    "docker-compose-v2 2.40.3+ds1-0ubuntu1~24.04.1",
    "docker-compose-v2 2.24.6+ds1-0ubuntu2",
)
DEBIAN_12 = ("docker.io 20.10.24+dfsg1-1", "docker-compose 1.29.2-3")
DEBIAN_13 = ("docker.io 26.1.5+dfsg1-9", "docker-cli 26.1.5+dfsg1-9", "docker-compose 2.26.1-4")
OWN_SOURCE = (
    "docker-ce 5:28.3.3-1~debian.12~bookworm",
    "docker-compose-plugin 2.40.3-1~debian.12~bookworm",
    "docker-compose-plugin 2.38.2-1~debian.12~bookworm",
)


@pytest.fixture
def host(tmp_path: Path) -> ExistingHost:
    made = existing_host(tmp_path)
    made.path(FOUND).mkdir()
    made.knows("download", RELEASED.rstrip("\n"))
    return made


def install(host: ExistingHost, **changes: str) -> tuple[int, str]:
    """Install Docker; the exit status and what was said."""
    fields = {
        "INSTALL": "true",
        "COMPOSE_BELOW": "2.39.0",
        "COMPOSE_FROM": "5.6",
        "COMPOSE_URL": "https://github.com/docker/compose/releases/x",
        "COMPOSE_SHA256": hashlib.sha256(RELEASED.encode()).hexdigest(),
        **changes,
    }
    done = host.run("install-docker.sh", **fields)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("sources", "before", "below", "installed"),
    [
        (UBUNTU, (), "2.39.0", [UBUNTU[0], UBUNTU[3]]),
        (UBUNTU, (), "", [UBUNTU[0], UBUNTU[2]]),
        (DEBIAN_13, (), "2.39.0", list(DEBIAN_13)),
        ((*UBUNTU, *OWN_SOURCE), (OWN_SOURCE[0],), "2.39.0", [OWN_SOURCE[0], OWN_SOURCE[2]]),
    ],
)
def test_packages_are_chosen_by_what_there_is(
    host: ExistingHost,
    sources: tuple[str, ...],
    before: tuple[str, ...],
    below: str,
    installed: list[str],
) -> None:
    host.knows("sources", *sources)
    host.knows("installed", *before)
    if before:
        host.path("/bin/docker").symlink_to("docker-stand-in")
    status, said = install(host, COMPOSE_BELOW=below)
    assert status == 0, said
    assert host.known("installed") == installed
    assert host.path(f"{FOUND}/packages").read_text().split() == [
        line.split()[0] for line in installed if line not in before
    ]


def test_a_release_without_compose_2_gets_dockers_own(host: ExistingHost) -> None:
    host.knows("sources", *DEBIAN_12)
    status, said = install(host)
    assert status == 0, said
    assert host.known("installed") == [DEBIAN_12[0]]
    plugin = "/usr/local/lib/docker/cli-plugins/docker-compose"
    assert host.path(plugin).read_text() == RELEASED
    assert host.path(f"{FOUND}/files").read_text() == f"{plugin}\n"
    assert install(host)[0] == 0


def test_a_download_that_is_not_that_release_is_not_run(host: ExistingHost) -> None:
    host.knows("sources", *DEBIAN_12)
    host.knows("download", "<html>404</html>")
    status, said = install(host)
    assert status == 1
    assert "its SHA-256 isn't" in said
    assert not list(host.path("/usr/local/lib/docker/cli-plugins").iterdir())


def test_dockers_own_packages_are_never_removed(host: ExistingHost) -> None:
    """A docker-ce that is down isn't replaced by docker.io, which would take it away."""
    host.knows("sources", *DEBIAN_13)
    host.knows("installed", OWN_SOURCE[0])
    host.path("/bin/docker").symlink_to("docker-stand-in")
    (host.world / "silent").touch()
    status, said = install(host)
    assert status == 1
    assert "doesn't answer:\n  Cannot connect to the Docker daemon\n" in said
    assert host.known("installed") == [OWN_SOURCE[0]]


def test_a_compose_that_openvidu_hangs_with_is_left_to_its_owner(host: ExistingHost) -> None:
    host.knows("sources", *UBUNTU)
    host.knows("installed", UBUNTU[0], UBUNTU[2])
    host.path("/bin/docker").symlink_to("docker-stand-in")
    host.has(f"{FOUND}/compose")
    status, said = install(host)
    assert status == 1
    assert (
        "Docker Compose 2.40.3 is on this machine; takes 2.0 or later, less than 2.39.0, or" in said
    )
    assert host.known("installed") == [UBUNTU[0], UBUNTU[2]]
    assert install(host, COMPOSE_BELOW="")[0] == 0


@pytest.mark.parametrize(("version", "status"), [("5.5.1", 1), ("5.6.0", 0), ("5.6.1", 0)])
def test_a_compose_with_which_a_start_ends_again_is_taken(
    host: ExistingHost, version: str, status: int
) -> None:
    host.knows("installed", UBUNTU[0], f"docker-compose-plugin {version}")
    host.path("/bin/docker").symlink_to("docker-stand-in")
    assert install(host, INSTALL="false")[0] == status


def test_updates_of_the_system_leave_docker_alone(host: ExistingHost) -> None:
    host.knows("sources", *UBUNTU, "containerd 1.7")
    host.knows("installed", "containerd 1.7")
    host.knows("held", "containerd")
    assert install(host)[0] == 0
    held = ["docker.io", "docker-compose-v2"]
    assert host.known("held") == ["containerd", *held]
    assert host.path(f"{FOUND}/held").read_text().split() == held
    assert install(host)[0] == 0
    assert host.path(f"{FOUND}/held").read_text().split() == held
