"""The host key is read from what cloud-init prints on the console."""

from __future__ import annotations

import base64
import io
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from lab.openvidu.web.messages import Request, Response
from scripts import host_key as command
from scripts.host_key import host_key, main
from tests.serving import serving

BEGIN = "AAAAC3NzaC1lZDI1NTE5AAAAI"
KEY = f"{BEGIN}AABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
OTHER = f"{BEGIN}B8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA"
SHOWN = "<GetConsoleOutputResponse><output>{}</output></GetConsoleOutputResponse>"
REFUSED = (
    "<Response><Errors><Error><Code>{}</Code><Message>no</Message></Error></Errors></Response>"
)


def console(*keys: str) -> str:
    return "\n".join(
        f"""[   12.3] cloud-init[812]: booting
-----BEGIN SSH HOST KEY KEYS-----
ecdsa-sha2-nistp256 AAAAE2Vj root@ip-10-5-0-6
ssh-ed25519 {key} root@ip-10-5-0-6
-----END SSH HOST KEY KEYS-----
"""
        for key in keys
    )


def test_the_ed25519_key_is_taken() -> None:
    assert host_key(console(KEY)) == f"ssh-ed25519 {KEY}"


def test_the_newest_boot_counts() -> None:
    assert host_key(console(KEY, OTHER)) == f"ssh-ed25519 {OTHER}"


def test_a_console_that_is_cut_has_no_key_yet() -> None:
    assert host_key(console(KEY).split("-----END", maxsplit=1)[0]) is None
    assert host_key("") is None


@pytest.mark.parametrize(
    "damaged",
    [
        f"{KEY[:30]}[   12.4] EXT4-fs (nvme0n1p1): resized filesystem\n{KEY[30:]}",
        KEY[:-4],
        f"{KEY[:40]} {KEY[40:]}",
        KEY + KEY[-4:],
        KEY[:-3] + "==",
        "[   12.4] a line",
    ],
)
def test_a_key_that_another_line_is_in_is_none(damaged: str) -> None:
    assert host_key(console(damaged)) is None


Aws = Callable[..., AbstractContextManager[None]]


def shown(text: str) -> tuple[int, str]:
    return 200, SHOWN.format(base64.b64encode(text.encode()).decode())


def refused(code: str, status: int = 400) -> tuple[int, str]:
    return status, REFUSED.format(code)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    """AWS gives one answer after the other, and the last one for ever."""
    for name, value in {
        "INSTANCE_ID": "i-1",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)

    @contextmanager
    def answering(*answers: tuple[int, str]) -> Iterator[None]:
        left = list(answers)

        async def answer(_: Request) -> Response:
            status, text = left.pop(0) if len(left) > 1 else left[0]
            return Response(status, body=text.encode())

        with serving(answer) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            yield

    return answering


def test_a_console_that_aws_does_not_show_at_once_is_asked_for_again(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    busy = refused("RequestLimitExceeded", 503), refused("InvalidInstanceID.NotFound")
    with aws(*busy, shown(""), shown(console(KEY[:30])), shown(console(KEY))):
        main()
    assert capsys.readouterr().out == f"ssh-ed25519 {KEY}\n"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (shown(""), "no whole SSH host key in its console output after 1 s"),
        (refused("RequestLimitExceeded", 503), "AWS doesn't show its console: .*LimitExceeded"),
    ],
)
def test_a_key_that_does_not_come_ends_the_wait(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str], expected: str
) -> None:
    monkeypatch.setattr(command, "LIMIT_SECONDS", 1)
    with aws(answer), pytest.raises(SystemExit, match=expected) as ended:
        main()
    assert str(ended.value.code).endswith("--instance-id i-1\n  Next: pulumi up")


def test_an_instance_that_stays_unknown_is_no_machine_that_boots(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "NOT_FOUND_SECONDS", 0)
    with aws(refused("InvalidInstanceID.NotFound")), pytest.raises(SystemExit) as ended:
        main()
    happened, _, next_ = str(ended.value.code).splitlines()
    assert re.match(r"i-1: AWS was asked as .* in eu-west-1, and knows no such instance", happened)
    assert next_.endswith("then: pulumi up")


def test_a_key_that_was_read_stays(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.StringIO()
    monkeypatch.setattr("sys.stdout", printed)
    monkeypatch.setenv("PULUMI_COMMAND_STDOUT", "ssh-ed25519 AAAAread")
    with aws(shown(console("AAAAother"))):
        main()
    assert printed.getvalue() == "ssh-ed25519 AAAAread\n"


def test_aws_out_of_reach_is_waited_for(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "LIMIT_SECONDS", 1)
    # Its port is taken, so that nobody else listens there meanwhile.
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(SystemExit, match="AWS doesn't show its console: Could not connect"):
            main()


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("UnauthorizedOperation", "get the permission ec2:GetConsoleOutput"),
        ("ExpiredToken", "log in to AWS"),
    ],
)
def test_what_does_not_pass_is_told_at_once(aws: Aws, code: str, remedy: str) -> None:
    with aws(refused(code, 403)), pytest.raises(SystemExit) as ended:
        main()
    happened, meaning, next_ = str(ended.value.code).splitlines()
    assert happened.startswith("i-1: its console can't be read, so neither can its SSH host key: ")
    assert code in happened
    assert meaning == "  The machine runs; nothing has connected to it."
    assert next_.startswith(f"  Next: {remedy}")
    assert next_.endswith(", then: pulumi up")


def test_missing_credentials_are_told(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    with (
        aws(shown("")),
        pytest.raises(SystemExit, match=r"Unable to locate credentials(.|\n)*Next: log in to AWS"),
    ):
        main()


def test_a_missing_region_is_told(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_REGION", "")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(SystemExit, match="Next: pulumi config set aws:region"):
        main()
