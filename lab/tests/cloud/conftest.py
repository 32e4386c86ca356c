"""One lab for all tests that don't need one of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.tests.cloud.aws_operator import AwsOperator, Machine, open_desk


@pytest.fixture(scope="session")
def _session_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsOperator]:
    with open_desk(tmp_path_factory.mktemp("cloud")) as operator:
        yield operator


@pytest.fixture
def operator(_session_desk: AwsOperator) -> Iterator[AwsOperator]:
    """The lab; without faults again after each test."""
    yield _session_desk
    _session_desk.supervisor.control.clear_faults()


@pytest.fixture(scope="session")
def _session_machine(_session_desk: AwsOperator) -> Machine:
    return _session_desk.launch("shared")


@pytest.fixture
def machine(_session_machine: Machine) -> Machine:
    """A machine that tests look at and leave as it is."""
    return _session_machine
