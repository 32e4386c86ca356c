"""The exporter as a process: what it answers over HTTP, and how it begins and ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from lab.directory import PROJECT
from scripts.exporter import PORT

ERROR = "error: incorrect passphrase"
PULUMI = f"""#!/bin/sh
case "$1 $2" in
"stack --show-name") echo dev ;;
*) echo "{ERROR}" >&2; exit 255 ;;
esac
"""
COMMAND = [sys.executable, "-m", "scripts.exporter"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """One with a `pulumi` that has a stack, and no state."""
    program = tmp_path / "pulumi"
    program.write_text(PULUMI)
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


@pytest.fixture
def exporter(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """One that runs, with any port."""
    with subprocess.Popen(
        [*COMMAND, "--port=0"], cwd=PROJECT, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@retry(
    retry=retry_if_result(lambda text: "last_look_success" not in text),
    wait=wait_fixed(0.1),
    stop=stop_after_delay(60),
)
def metrics(url: str) -> str:
    """What is answered once a look has ended."""
    return httpx.get(url, trust_env=False).raise_for_status().text


def test_a_stack_that_cannot_be_seen_is_not_up_and_its_error_is_no_metric(
    exporter: subprocess.Popen[str],
) -> None:
    assert exporter.stderr
    found = re.match(r"dev: (http://127\.0\.0\.1:\d+/metrics)\n", exporter.stderr.readline())
    assert found
    text = metrics(found[1])
    assert "openvidu_enterprise_up 0.0" in text
    assert "openvidu_enterprise_last_look_success 0.0" in text
    assert "openvidu_enterprise_nodes" not in text
    assert ERROR not in text
    exporter.send_signal(signal.SIGTERM)
    assert exporter.wait() == 0
    said = f"dev: not seen: pulumi stack export --show-secrets failed: {ERROR}\n"
    assert exporter.stderr.read() == said


def test_an_address_that_cannot_be_had_is_told_with_what_to_type(
    environment: dict[str, str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*COMMAND, f"--port={port}"],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"can't listen at 127.0.0.1, port {port}: Address already in use" in done.stderr
    assert f"--port {PORT + 1}" in done.stderr
    assert "Traceback" not in done.stderr
