"""Who gets the page: a browser on this computer, with the word that the command has printed."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from scripts.live_page.page_server import serving
from scripts.pulumi_cli import PulumiError


@pytest.fixture
def url() -> Iterator[str]:
    with serving(lambda: {"stack": "prod"}, 0) as found:
        yield found


def get(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, trust_env=False)


def test_the_page_and_what_it_shows_are_at_an_address_that_nobody_guesses(url: str) -> None:
    parts = urlsplit(url)
    assert parts.hostname == "127.0.0.1"
    assert len(parts.path.strip("/")) >= 32
    assert "<title>OpenVidu Enterprise</title>" in get(url).text
    assert get(f"{url}look.json").json() == {"stack": "prod"}
    with serving(dict, 0) as other:
        assert urlsplit(other).path != parts.path


@pytest.mark.parametrize("path", ["/", "/look.json", "/x/", "/x/look.json", "//", "/%2e%2e/"])
def test_without_that_word_there_is_nothing(url: str, path: str) -> None:
    parts = urlsplit(url)
    answer = get(f"{parts.scheme}://{parts.netloc}{path}")
    assert (answer.status_code, answer.text) == (404, "")


@pytest.mark.parametrize("host", ["evil.example.io", "evil.example.io:80", "127.0.0.1.nip.io", "["])
def test_a_name_of_somebody_elses_is_not_answered(url: str, host: str) -> None:
    """A page of theirs would be allowed to read what comes from that name."""
    for address in (url, f"{url}look.json"):
        answer = get(address, Host=host)
        assert (answer.status_code, answer.text) == (421, "")


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:9999"])
def test_a_port_that_ssh_forwards_is_answered(url: str, host: str) -> None:
    assert get(f"{url}look.json", Host=host).status_code == 200


def test_a_browser_is_told_to_keep_it_to_itself(url: str) -> None:
    first, second = get(url), get(url)
    nonces = [
        re.findall(r"nonce-([\w-]+)", one.headers["Content-Security-Policy"])
        for one in (first, second)
    ]
    assert len(set(nonces[0])) == 1
    assert nonces[0] != nonces[1]
    assert f'<script nonce="{nonces[0][0]}">' in first.text
    for answer in (first, get(f"{url}look.json")):
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_page_brings_all_that_it_needs(url: str) -> None:
    """Operators may be without the internet."""
    assert not re.findall(r"(?:src|href)=|@import|url\(['\"]?http", get(url).text)


def test_a_browser_that_hangs_up_is_no_news(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.sendall(b"GET / HT")
    assert get(url).status_code == 200
    assert capfd.readouterr().err == ""


def test_a_port_that_is_taken_is_told_with_what_to_type() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: Any = taken.getsockname()[1]
        said = f"port {port}: .*\n  Next: uv run openvidu"
        with pytest.raises(PulumiError, match=said), serving(dict, port):
            pass
