"""OpenVidu's own files, as they are on the internet: nothing of them is kept."""

from __future__ import annotations

import functools

import httpx
import pytest

from openvidu.release import DOWNLOADS

_SECONDS = 30.0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Go to the internet only where that was asked for: `-m 'not lab'` doesn't ask."""
    if "upstream" not in config.getoption("markexpr"):
        items[:] = [item for item in items if "upstream" not in item.keywords]


@functools.cache
def fetch(url: str) -> str:
    """The text at an address.

    Raises:
        httpx.HTTPStatusError: there is none.
    """
    return httpx.get(url, timeout=_SECONDS, follow_redirects=True).raise_for_status().text


@functools.cache
def _unreachable() -> str:
    try:
        httpx.head(DOWNLOADS, timeout=_SECONDS)
    except httpx.HTTPError as error:
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.fixture(autouse=True, scope="session")
def internet() -> None:
    """Skip what nothing can be compared with, and say so."""
    if reason := _unreachable():
        pytest.skip(f"NOTHING WAS COMPARED with OpenVidu's own files: no internet ({reason})")
