"""`status --web` as a process: how it begins and ends, and what it doesn't go with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from lab.directory import PROJECT
from scripts import status

ERROR = "error: the state of secret-of-redis can't be read"
PULUMI = f"""#!/bin/sh
case "$1 $2" in
"stack --show-name") echo dev ;;
"config --json") echo '{{"a:b": {{"value": "secret-of-redis", "secret": true}}}}' ;;
*) echo "{ERROR}" >&2; exit 255 ;;
esac
"""
COMMAND = [sys.executable, "-m", "scripts.status", "--web"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """One with a `pulumi` that has a stack, and no state."""
    program = tmp_path / "pulumi"
    program.write_text(PULUMI)
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


@pytest.fixture
def page(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """One that runs."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        COMMAND, cwd=PROJECT, env=environment, stdout=pipe, stderr=pipe, text=True
    ) as process:
        yield process
        process.kill()


@retry(
    retry=retry_if_result(lambda told: told["problem"] is None),
    wait=wait_fixed(0.1),
    stop=stop_after_delay(60),
)
def looked(url: str) -> Mapping[str, Any]:
    """What is answered once a look has ended."""
    found: Mapping[str, Any] = httpx.get(f"{url}look.json", trust_env=False).json()
    return found


@pytest.mark.parametrize(("number", "ended"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_tells_its_address_and_ends_without_a_traceback(
    number: signal.Signals, ended: int, page: subprocess.Popen[str]
) -> None:
    assert page.stdout
    stack, _, url = page.stdout.readline().strip().partition(": ")
    assert stack == "dev"
    assert page.stdout.readline() == "Open it in a browser here. Ctrl-C ends it.\n"
    # What can't be seen is on the page, and no reason to end.
    told = looked(url)
    assert told["stack"] == "dev"
    assert "secret-of-redis" not in str(told)
    assert "********" in told["problem"]
    page.send_signal(number)
    out, err = page.communicate(timeout=60)
    assert (page.returncode, out, err) == (ended, "", "")


@pytest.mark.parametrize(
    "other", [{"machine": "node-1"}, {"call": "ses_x"}, {"as_json": True}, {"watch": True}]
)
def test_it_is_the_whole_deployment_and_no_other_form(
    other: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="1"):
        status.main(web=True, **other)
    told = capsys.readouterr()
    assert "Next: uv run openvidu-enterprise status --web" in told.err
    assert told.out == ""
