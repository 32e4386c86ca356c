from __future__ import annotations

from pathlib import Path

import pytest

from .harness import COPY, Provider, failing
from .sshd import Sshd
from .values import Properties, archive, file_asset, secret, text_asset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder `from` with a file and a folder in it."""
    folder = tmp_path / "from"
    (folder / "inner").mkdir(parents=True)
    (folder / "file").write_bytes(b"\0file\n")
    (folder / "inner" / "file").write_text("inner file")
    return folder


def copy(provider: Provider, sshd: Sshd, source: Properties, to: Path) -> Properties:
    inputs = provider.checked(COPY, connection=sshd.connection(), source=source, remotePath=str(to))
    return provider.created(COPY, **inputs)


def refusal(provider: Provider, sshd: Sshd, source: Properties, to: Path) -> str:
    with failing() as messages:
        copy(provider, sshd, source, to)
    return messages[0]


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_text_becomes_a_file_in_folders_that_are_made(
    provider: Provider, sshd: Sshd, tmp_path: Path
) -> None:
    outputs = copy(provider, sshd, secret(text_asset("a\n")), tmp_path / "new" / "folder" / "file")

    assert (tmp_path / "new" / "folder" / "file").read_text() == "a\n"
    assert outputs["source"] == secret(text_asset("a\n"))


def test_a_file_overwrites_a_file(
    provider: Provider, sshd: Sshd, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "to").write_text("longer than the file")

    copy(provider, sshd, file_asset(folder / "file"), tmp_path / "to")

    assert (tmp_path / "to").read_bytes() == b"\0file\n"


def test_a_file_goes_into_a_folder(
    provider: Provider, sshd: Sshd, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "to").mkdir()

    copy(provider, sshd, file_asset(folder / "file"), tmp_path / "to")

    assert names(tmp_path / "to") == {"file"}


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize(
    ("ending", "copied"),
    [
        ("", {"from", "from/file", "from/inner", "from/inner/file"}),
        ("/", {"file", "inner", "inner/file"}),
    ],
)
def test_a_folder_is_copied_with_all_that_is_in_it(
    provider: Provider,
    sshd: Sshd,
    folder: Path,
    tmp_path: Path,
    exists: bool,
    ending: str,
    copied: set[str],
) -> None:
    if exists:
        (tmp_path / "to").mkdir()

    copy(provider, sshd, archive(f"{folder}{ending}"), tmp_path / "to")

    assert names(tmp_path / "to") == copied


def test_what_is_in_the_way_is_named(
    provider: Provider, sshd: Sshd, folder: Path, tmp_path: Path
) -> None:
    there = folder / "file"

    assert refusal(provider, sshd, text_asset("a"), folder) == (
        f"remote path {folder} is a directory; when using a text asset, "
        "remotePath must be a file path"
    )
    assert refusal(provider, sshd, archive(f"{folder}/"), there) == (
        f"remote path {there} exists but is not a directory"
    )
    assert refusal(provider, sshd, file_asset(tmp_path / "nothing"), tmp_path) == (
        f"open {tmp_path}/nothing: no such file or directory"
    )
    assert refusal(provider, sshd, text_asset("a"), there / "b").startswith(
        f"failed to create parent directories for {there}/b: "
    )


@pytest.mark.parametrize(
    ("changes", "copies"),
    [
        ({}, False),
        ({"source": text_asset("new", "1")}, False),
        ({"source": text_asset("new", "2")}, True),
        ({"remotePath": "other"}, True),
    ],
)
def test_update_copies_if_hash_or_path_changes(
    provider: Provider, sshd: Sshd, tmp_path: Path, changes: Properties, copies: bool
) -> None:
    state = {
        "connection": sshd.connection(),
        "source": text_asset("old", "1"),
        "remotePath": str(tmp_path / "to"),
    }
    if "remotePath" in changes:
        changes = {"remotePath": str(tmp_path / "other")}

    outputs = provider.update(COPY, state, {**state, **changes})

    assert outputs == {**state, **changes}
    assert bool(names(tmp_path)) == copies


def test_delete_leaves_the_copy(provider: Provider, sshd: Sshd, tmp_path: Path) -> None:
    state = copy(provider, sshd, text_asset("a"), tmp_path / "to")

    provider.delete(COPY, state)

    assert (tmp_path / "to").exists()
