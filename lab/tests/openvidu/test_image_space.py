"""Images take space where Docker keeps them, as a machine of the lab tells it."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from lab.cloud.host_facts import HostFacts
from lab.cloud.host_like import HostLike
from lab.openvidu import image
from lab.openvidu.docker import container_cli, host, images
from lab.openvidu.docker.errors import PullError
from lab.openvidu.mirror import catalogue
from openvidu.deployment import deployment
from openvidu.release import IMAGES_GIB, VERSIONS

SERVICES = [f"openvidu/openvidu-server-pro:{number}" for number in range(8)]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a machine without images keeps what it knows."""
    monkeypatch.setattr(images, "PULLED", tmp_path / "images")
    monkeypatch.setattr(images, "_IMPORTED", tmp_path / "imported")
    monkeypatch.setattr(images, "registry_is_reachable", lambda: True)
    return tmp_path


def with_disk(gib: int | None) -> HostFacts:
    like = HostLike(docker_disk_gib=gib)
    place = Path("/project")
    return HostFacts(place, place, "10.1.1.1", "10.5.0.6", None, 8, 16_000, like)


def free(gib: int | None, place: str) -> str:
    """What `df` says in MiB."""
    df = image._sizes(with_disk(gib))[Path("/usr/local/bin/df")]
    return subprocess.run(
        ["sh", "-c", df, "df", "--output=avail", "--block-size=1M", place],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_an_image_takes_space_until_it_goes(machine: Path) -> None:
    assert free(20, "/var/lib/docker") == f"Avail\n{20 * 1024}\n"
    for service in SERVICES:
        images.pull(service)
    images.pull(SERVICES[0])
    assert free(20, "/var/lib/docker") == f"Avail\n{12 * 1024}\n"
    assert free(20, "/opt") == f"Avail\n{100 * 1024}\n"
    assert free(None, "/opt") == free(None, "/var/lib") == f"Avail\n{92 * 1024}\n"
    images.remove(SERVICES[0])
    assert free(20, "/var/lib/docker") == f"Avail\n{13 * 1024}\n"


def test_what_no_container_was_made_from_is_pruned(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(images, "_IDENTITIES", machine / "identities")
    for service in SERVICES[:3]:
        images.pull(service)
    used = SimpleNamespace(spec=SimpleNamespace(image=SERVICES[1]))
    monkeypatch.setattr(container_cli, "every", lambda: [used])
    assert container_cli.main(["image", "prune", "--all", "--force"]) == 0
    assert images.pulled() == [SERVICES[1]]
    assert capsys.readouterr().out == (
        f"Deleted Images:\nuntagged: {SERVICES[0]}\nuntagged: {SERVICES[2]}\n\n"
        "Total reclaimed space: 2.148GB\n"
    )


def test_what_finds_no_room_is_not_pulled(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = host.HostFile("10.1.1.1", "10.1.1.2", "10.5.0.6", None, images_gib=2)
    monkeypatch.setattr(host.HostFile, "read", lambda: facts)
    images.pull(SERVICES[0])
    images.pull(SERVICES[1])
    with pytest.raises(PullError, match="no space left on device"):
        images.pull(SERVICES[2])
    assert images.pulled() == SERVICES[:2]
    images.remove(SERVICES[0])
    images.pull(SERVICES[2])


def test_an_image_takes_as_long_as_its_size_and_the_speed_say(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, slept = Path("/project"), list[float]()
    like = HostLike(image_mb=200, pull_mb_per_second=40)
    lab = HostFacts(place, place, "10.1.1.1", "10.5.0.6", None, 8, 16_000, like)
    facts = host.HostFile("10.1.1.1", "10.1.1.2", "10.5.0.6", None)
    facts = replace(facts, pull_seconds=image._pull_seconds(lab))
    monkeypatch.setattr(host.HostFile, "read", lambda: facts)
    monkeypatch.setattr(images.time, "sleep", slept.append)
    assert images.pull(SERVICES[0])
    assert not images.pull(SERVICES[0])
    assert slept == [5.0]
    assert image._pull_seconds(with_disk(None)) == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_a_machine_that_is_taken_has_room_for_all_that_it_pulls(version: str) -> None:
    media = catalogue._KINDS["node"].media_images
    for product in ("base", "node", "master"):
        files = deployment(product, version).compose.values()
        found = {one["image"] for file in files for one in file.services.values()}
        assert len(found) == {"base": 7, "node": 4, "master": 8}[product]
        assert (len(found) + len(media)) * host.IMAGE_GIB <= IMAGES_GIB
    assert len(media) == 6
