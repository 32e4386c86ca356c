from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from .harness import LOCAL, Provider, failing
from .values import ARCHIVE, SIGNATURE, file_asset

# Measured with the real provider.
HASH_OF_ALL_TXT_FILES = "f21594b87fd404c7ff71ffcce397b0e928bf9f22a4b295c7cb25135bda845f1b"
FILES = ("x.txt", ".hidden", "a/y.txt", "a/secret.txt", "a/b/z.txt")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with some files, each with its own name in it."""
    folder = tmp_path_factory.mktemp("files")
    for name in FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


@pytest.mark.parametrize(
    ("globs", "found"),
    [
        (["*"], {".hidden", "x.txt"}),
        (["**"], set(FILES)),
        (["*.txt"], {"x.txt"}),
        (["**.txt"], {"x.txt", "a/y.txt", "a/secret.txt", "a/b/z.txt"}),
        (["**/*.txt"], {"a/y.txt", "a/secret.txt", "a/b/z.txt"}),
        (["a/*"], {"a/y.txt", "a/secret.txt"}),
        (["a/**", "!**secret*"], {"a/y.txt", "a/b/z.txt"}),
        (["*", "!x.txt", "x.txt"], {".hidden", "x.txt"}),
        (["!x.txt"], set()),
        (["?.txt"], {"x.txt"}),
        (["[a-z].txt"], {"x.txt"}),
        (["[!a].txt"], {"x.txt"}),
        (["[!x].txt"], set()),
        (["[abx].txt"], {"x.txt"}),
        (["{x,q}.txt"], {"x.txt"}),
        (["a/{b/z,y}.txt"], {"a/b/z.txt", "a/y.txt"}),
        (["\\x.txt"], {"x.txt"}),
        ([""], set()),
        ([], set()),
    ],
)
def test_globs_choose_files(
    provider: Provider, folder: Path, globs: list[str], found: set[str]
) -> None:
    outputs = provider.created(LOCAL, create="true", dir=str(folder), assetPaths=globs)

    assert outputs.get("assets", {}).keys() == found


def test_an_asset_has_the_path_and_the_hash_of_its_file(provider: Provider, folder: Path) -> None:
    outputs = provider.created(LOCAL, create="true", dir=str(folder), assetPaths=["a/y.txt"])

    digest = hashlib.sha256(b"a/y.txt").hexdigest()
    assert outputs["assets"] == {"a/y.txt": file_asset(folder / "a/y.txt", digest)}


def test_an_archive_holds_the_files_and_the_hash_of_them_all(
    provider: Provider, folder: Path
) -> None:
    outputs = provider.created(LOCAL, create="true", dir=str(folder), archivePaths=["**.txt"])

    archive = outputs["archive"]
    assert archive[SIGNATURE] == ARCHIVE
    assert archive["assets"].keys() == {"x.txt", "a/y.txt", "a/secret.txt", "a/b/z.txt"}
    assert archive["hash"] == HASH_OF_ALL_TXT_FILES


def test_what_was_collected_stays_until_it_is_collected_again(
    provider: Provider, folder: Path
) -> None:
    inputs = {"create": "true", "dir": str(folder), "assetPaths": ["*"], "archivePaths": ["*"]}
    state = provider.created(LOCAL, **inputs)

    outputs = provider.update(LOCAL, state, {"create": "true"})

    assert outputs["assets"] == state["assets"]
    assert outputs["archive"] == state["archive"]


def test_a_broken_glob_is_an_error(provider: Provider, folder: Path) -> None:
    with failing() as messages:
        provider.created(LOCAL, create="true", dir=str(folder), assetPaths=["[a-"])

    assert "unexpected end of input" in messages[0]
