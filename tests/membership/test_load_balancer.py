"""Edits of the base's address list: none is lost, a failed reload changes nothing."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import pytest

from membership.load_balancer import LoadBalancer, ReloadError
from tests.small_disk import fill, small_disk


def test_an_address_goes_in_and_out(base_folder: Path) -> None:
    balancer = LoadBalancer(base_folder)
    balancer.add("10.5.0.8", purpose="test")
    assert balancer.node_ips == ("10.5.0.6", "10.5.0.7", "10.5.0.8")
    assert balancer.serving() == {"10.5.0.6", "10.5.0.7", "10.5.0.8"}
    balancer.remove("10.5.0.6", purpose="test")
    assert balancer.serving() == {"10.5.0.7", "10.5.0.8"}


def test_what_is_as_wanted_is_not_reloaded(base_folder: Path) -> None:
    balancer = LoadBalancer(base_folder)
    # What is on nginx's disk may never have been loaded.
    balancer.add("10.5.0.6", purpose="test")
    assert (base_folder / "reloads").read_text() == "\n"
    balancer.add("10.5.0.6", purpose="test")
    assert (base_folder / "reloads").read_text() == "\n"


def test_the_last_address_leaves_a_list_that_openvidu_takes(base_folder: Path) -> None:
    balancer = LoadBalancer(base_folder)
    balancer.remove("10.5.0.6", purpose="test")
    balancer.remove("10.5.0.7", purpose="test")
    assert balancer.node_ips == ()
    assert "OPENVIDU_ENTERPRISE_HA_NODE_IPS=127.0.0.1\n" in (base_folder / ".env").read_text()


def test_edits_at_the_same_time_are_all_kept(base_folder: Path) -> None:
    addresses = [f"10.5.0.{number}" for number in range(10, 20)]
    editors = [
        threading.Thread(
            target=LoadBalancer(base_folder, say=lambda _: None).add,
            args=(address,),
            kwargs={"purpose": address},
        )
        for address in addresses
    ]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join()
    assert set(LoadBalancer(base_folder).node_ips) == {"10.5.0.6", "10.5.0.7", *addresses}


def test_a_failed_reload_puts_the_old_list_back(base_folder: Path) -> None:
    (base_folder / "fail-reload").touch()
    before = (base_folder / ".env").read_bytes()
    with pytest.raises(ReloadError, match="reload failed"):
        LoadBalancer(base_folder).remove("10.5.0.6", purpose="test")
    assert (base_folder / ".env").read_bytes() == before


@pytest.mark.parametrize("who", ["nginx: [emerg]", "2026/01/01 00:00:00 [emerg] 95#95:"])
def test_a_dead_container_is_started_whichever_way_nginx_names_it(
    base_folder: Path, who: str
) -> None:
    lost = f"echo '{who} host not found in upstream \"app:5442\"' >&2; exit 0"
    for program, first in (
        ("base-services", f"[[ -e started ]] || {{ {lost}; }}"),
        ("bin/docker", '[[ "$*" != "compose up --detach --no-deps app" ]] || exec touch started'),
    ):
        file = base_folder / program
        file.rename(own := file.with_name(f"{file.name}-own"))
        file.write_text(f'#!/bin/bash\n{first}\nexec {own} "$@"\n')
        file.chmod(0o755)
    said: list[str] = []
    balancer = LoadBalancer(base_folder, say=said.append)
    balancer.add("10.5.0.8", purpose="test")
    assert said[0].startswith("nginx can't find app, which is now started: ")
    assert balancer.serving() == {"10.5.0.6", "10.5.0.7", "10.5.0.8"}


def test_a_reload_that_hangs_counts_as_failed_and_does_not_go_on(base_folder: Path) -> None:
    (base_folder / "hang-reload").touch()
    before = (base_folder / ".env").read_bytes()
    with pytest.raises(
        ReloadError, match=r"no answer within 0\.3 s; the old list is back in \.env"
    ):
        LoadBalancer(base_folder, command_seconds=0.3).remove("10.5.0.6", purpose="test")
    assert (base_folder / ".env").read_bytes() == before
    time.sleep(1.2)
    assert not (base_folder / "reloads").exists()


def test_a_base_without_docker_keeps_its_list(
    base_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (base_folder / "bin" / "docker").unlink()
    monkeypatch.setenv("PATH", str(base_folder / "bin"))
    before = (base_folder / ".env").read_bytes()
    with pytest.raises(ReloadError, match=r"docker compose exec .* can't be run: No such file"):
        LoadBalancer(base_folder).remove("10.5.0.6", purpose="test")
    assert (base_folder / ".env").read_bytes() == before


def test_a_full_disk_leaves_the_old_list_whole(base_folder: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        shutil.copytree(base_folder, disk, dirs_exist_ok=True, ignore=lambda *_: ["disk"])
        fill(disk)
        before = (disk / ".env").read_bytes()
        with pytest.raises(OSError, match=rf"No space left on device: '{disk}/\.env'"):
            LoadBalancer(disk).add("10.5.0.8", purpose="test")
        assert (disk / ".env").read_bytes() == before
        assert {file.name for file in disk.glob(".env*")} == {".env", ".env.lock"}


def test_the_file_stays_private(base_folder: Path) -> None:
    LoadBalancer(base_folder).add("10.5.0.8", purpose="test")
    assert (base_folder / ".env").stat().st_mode & 0o777 == 0o600


def test_a_rebooted_base_would_have_the_same_list(base_folder: Path) -> None:
    LoadBalancer(base_folder).add("10.5.0.8", purpose="test")
    enabled = (base_folder / "systemctl").read_text()
    assert enabled == "enable --now --quiet openvidu-load-balancer.service\n"
    (base_folder / "no-unit").touch()
    with pytest.raises(ReloadError, match="after a reboot the old list would be back"):
        LoadBalancer(base_folder).remove("10.5.0.8", purpose="test")


def test_a_container_that_came_back_with_its_first_list_gets_the_one_in_env(
    base_folder: Path,
) -> None:
    balancer = LoadBalancer(base_folder)
    assert balancer.apply_again()
    assert not balancer.apply_again()
    (base_folder / "served").write_text("10.5.0.6")
    assert balancer.apply_again()
    assert balancer.serving() == {"10.5.0.6", "10.5.0.7"}
