"""What is in the folder of containers while they are made and removed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from lab.openvidu.docker import containers
from lab.openvidu.docker.containers import Container, Spec, every

SPEC = Spec("beat", "docker.elastic.co/beats/filebeat-oss:1", {}, "/", network_mode="default")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a machine's containers."""
    monkeypatch.setattr(containers, "FOLDER", tmp_path / "containers")
    monkeypatch.setattr(containers, "_UNFINISHED", tmp_path / "unfinished")
    return tmp_path / "containers"


def test_nothing_is_left_of_one_that_others_tell_their_names_while_it_is_removed(
    folder: Path,
) -> None:
    ended = threading.Event()

    def tell() -> None:
        while not ended.is_set():
            for container in every():
                container.look_up_names()

    teller = threading.Thread(target=tell)
    teller.start()
    try:
        for _ in range(40):
            Container.create(SPEC).remove()
            assert list(folder.iterdir()) == []
    finally:
        ended.set()
        teller.join()


def test_one_whose_making_was_cut_short_is_not_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> str:
        raise SystemExit

    monkeypatch.setattr(containers.json, "dumps", killed)
    with pytest.raises(SystemExit):
        Container.create(SPEC)
    assert every() == []
    assert not folder.exists() or list(folder.iterdir()) == []
