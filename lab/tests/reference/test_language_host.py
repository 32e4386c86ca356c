"""The language host for Python, asked as the CLI asks it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    analyzer_pb2,
    analyzer_pb2_grpc,
    language_pb2,
    language_pb2_grpc,
)

from lab.directory import PROJECT

EXECUTOR = """
import json, os, sys, time
from pathlib import Path
here = Path(__file__).parent
told = {"arguments": sys.argv[1:], "config": json.loads(os.environ["PULUMI_CONFIG"])}
(here / "told").write_text(json.dumps(told))
if sys.argv[-1] == "hangs":
    try:
        time.sleep(600)
    except KeyboardInterrupt:
        sys.exit(5)
sys.exit(int(sys.argv[-1]))
"""
PACK = """
import pulumi
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

most = f"At most {pulumi.Config('demo').require('most')} in {pulumi.get_stack()}."
PolicyPack(
    name="house-rules",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        ResourceValidationPolicy("few", most, lambda args, report: report("many"))
    ],
)
"""


class Host:
    """A language host that runs, and what the CLI knows of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        executor = folder / "executor"
        executor.write_text(EXECUTOR)
        command = [sys.executable, "-m", "lab.reference.language_host", "--executor", str(executor)]
        self.process = subprocess.Popen(
            [*command, "--logtostderr", "127.0.0.1:1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
        )
        assert self.process.stdout
        self.port = self.process.stdout.readline().strip()
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        self.stub: Any = language_pb2_grpc.LanguageRuntimeStub(self.channel)

    def info(self, entry: str = "0") -> language_pb2.ProgramInfo:
        root = str(self.folder)
        return language_pb2.ProgramInfo(
            root_directory=root, program_directory=root, entry_point=entry
        )

    def run(self, entry: str) -> Any:
        """Have a program run; gives the call, which is under way."""
        request = language_pb2.RunRequest(
            project="demo",
            stack="dev",
            monitor_address="127.0.0.1:2",
            parallel=16,
            dryRun=True,
            config={"demo:size": "3"},
            info=self.info(entry),
        )
        return self.stub.Run.future(request)

    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "told").read_text())
        return found


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    host = Host(tmp_path)
    yield host
    host.channel.close()
    assert host.process.stdin
    host.process.stdin.close()
    assert host.process.wait(20) == 0


def test_a_program_runs_with_what_the_engine_says(host: Host) -> None:
    answer = host.run("0").result(60)
    assert (answer.error, answer.bail) == ("", False)
    told = host.told()
    assert told["config"] == {"demo:size": "3"}
    assert told["arguments"] == [
        *("--monitor", "127.0.0.1:2", "--engine", "127.0.0.1:1", "--project", "demo"),
        *("--root_directory", str(host.folder), "--stack", "dev", "--dry_run", "true"),
        *("--parallel", "16", "0"),
    ]


@pytest.mark.parametrize(
    ("status", "error", "bail"),
    [("1", "program exited with non-zero exit code: 1", False), ("32", "", True)],
)
def test_how_a_program_ends_is_told(status: str, error: str, bail: bool, host: Host) -> None:
    answer = host.run(status).result(60)
    assert (answer.error, answer.bail) == (error, bail)


def test_a_program_is_interrupted_when_the_engine_cancels(host: Host) -> None:
    running = host.run("hangs")
    while not (host.folder / "told").exists():
        assert not running.done()
    host.stub.Cancel(empty_pb2.Empty())
    assert running.result(60).error == "program exited with non-zero exit code: 5"


def test_the_projects_providers_are_named_with_their_versions(host: Host) -> None:
    info = host.info()
    info.options["virtualenv"] = str(PROJECT / ".venv")
    request = language_pb2.GetRequiredPackagesRequest(info=info)
    found = {one.name: one for one in host.stub.GetRequiredPackages(request).packages}
    assert {"aws", "command"} <= found.keys()
    assert found["aws"].kind == "resource"
    assert found["aws"].version.startswith("7.")


def test_a_policy_pack_starts_with_the_configuration_that_it_is_given_later(host: Host) -> None:
    (host.folder / "__main__.py").write_text(PACK)
    request = language_pb2.RunPluginRequest(
        kind="analyzer", args=["127.0.0.1:1"], env=[], info=host.info()
    )
    running = host.stub.RunPlugin(request)
    port = next(running).stdout.decode().strip()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        pack: Any = analyzer_pb2_grpc.AnalyzerStub(channel)
        pack.Handshake(analyzer_pb2.AnalyzerHandshakeRequest())
        configuration = analyzer_pb2.AnalyzerStackConfigureRequest(
            project="demo", stack="dev", config={"demo:most": "7"}
        )
        pack.ConfigureStack(configuration)
        info = pack.GetAnalyzerInfo(empty_pb2.Empty())
    assert [one.description for one in info.policies] == ["At most 7 in dev."]
    running.cancel()


def test_a_policy_pack_that_cannot_start_is_told(host: Host) -> None:
    (host.folder / "__main__.py").write_text("raise SystemExit('out of luck')\n")
    request = language_pb2.RunPluginRequest(kind="analyzer", args=["127.0.0.1:1"], info=host.info())
    running = host.stub.RunPlugin(request)
    port = next(running).stdout.decode().strip()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        pack: Any = analyzer_pb2_grpc.AnalyzerStub(channel)
        with pytest.raises(grpc.RpcError, match="the policy pack ended as it started"):
            pack.GetAnalyzerInfo(empty_pb2.Empty())
    said = [*running]
    assert b"out of luck" in b"".join(one.stderr for one in said)
    assert [one.exitcode for one in said if one.HasField("exitcode")] == [1]
