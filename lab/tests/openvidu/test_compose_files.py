"""Compose's reading of `.env` and of its own files."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.openvidu.docker.errors import ComposeFileError, MissingVariableError
from lab.openvidu.docker.interpolation import interpolate, read_env_file
from lab.openvidu.docker.project import load

SERVICE = """
services:
    web:
        image: minio/minio:${TAG:-1}
        restart: always
        environment:
            - SECRET=${SECRET}
"""


@pytest.mark.parametrize(
    ("text", "filled_in"),
    [
        ("$A ${A} $$A", "1 1 $A"),
        ("${B:-x} ${B-x} ${E:-x} ${E-x}", "x x x "),
        ("${A:+set} ${B:+set}|", "set |"),
        ("a=b:c", "a=b:c"),
    ],
)
def test_variables_are_filled_in(text: str, filled_in: str) -> None:
    assert interpolate(text, {"A": "1", "E": ""}) == filled_in


def test_a_variable_that_must_be_set_is_missed() -> None:
    with pytest.raises(MissingVariableError, match="B"):
        interpolate("${B:?}", {})


def test_an_unset_variable_is_noted() -> None:
    unset: set[str] = set()
    assert interpolate("${B}", {}, unset) == ""
    assert unset == {"B"}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("K=plain", "plain"),
        ("K=with=equals", "with=equals"),
        ("K=pass#word", "pass#word"),
        ("K=pass #word", "pass"),
        ("K='$A #'", "$A #"),
        ('K="$A"', "1"),
        ("K=pa$A", "pa1"),
        ("K=", ""),
        ("export K=x", "x"),
    ],
)
def test_env_files_are_read_as_compose_reads_them(line: str, value: str) -> None:
    assert read_env_file(f"# comment\n{line}\n", {"A": "1"}) == {"K": value}


def folder_with(tmp_path: Path, compose: str, env: str = "") -> Path:
    folder = tmp_path / "ov-enterprise"
    folder.mkdir()
    (folder / "docker-compose.yml").write_text(compose)
    (folder / ".env").write_text(env)
    return folder


def test_a_service_gets_its_values_from_env(tmp_path: Path) -> None:
    project = load(folder_with(tmp_path, SERVICE, "SECRET=s\n"), {})
    service = project.service("web")
    assert service.image == "minio/minio:1"
    assert service.environment == {"SECRET": "s"}
    assert service.container_name == "ov-enterprise-web-1"


def test_the_shell_wins_over_env(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, SERVICE, "SECRET=file\n")
    assert load(folder, {"SECRET": "shell"}).service("web").environment == {"SECRET": "shell"}


def test_the_digest_changes_with_the_environment_only(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, SERVICE, "SECRET=one\n")
    first = load(folder, {}).service("web").digest
    (folder / ".env").write_text("SECRET=one\nOTHER=x\n")
    same = load(folder, {}).service("web").digest
    (folder / ".env").write_text("SECRET=two\n")
    assert first == same != load(folder, {}).service("web").digest


def test_the_override_adds_services(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, SERVICE)
    (folder / "docker-compose.override.yml").write_text("services: {app: {image: 'redis:7'}}")
    assert {service.name for service in load(folder, {}).services} == {"web", "app"}


def test_services_start_after_what_they_need(tmp_path: Path) -> None:
    text = "services: {a: {image: x, depends_on: [b]}, b: {image: y}}"
    names = [service.name for service in load(folder_with(tmp_path, text), {}).services]
    assert names == ["b", "a"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("<Error><Code>NoSuchKey</Code></Error>", 15),
        ("services: {a: {}}", 15),
        ("a: [", 15),
        ("services: {a: {image: x, restart: sometimes}}", 15),
        ("services: {a: {image: x, depends_on: [a]}}", 15),
        ("services: {a: {image: x, env_file: [missing]}}", 14),
    ],
)
def test_what_is_no_compose_file_is_refused(tmp_path: Path, text: str, status: int) -> None:
    with pytest.raises(ComposeFileError) as refused:
        load(folder_with(tmp_path, text), {})
    assert refused.value.status == status


def test_a_folder_without_compose_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ComposeFileError, match="no configuration file"):
        load(tmp_path, {})
