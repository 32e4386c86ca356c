"""A stack of a test: a project with a program, driven by one of the two engines."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab import directory
from lab.engines import find_cli
from lab.reference import built_cli

HERE = Path(__file__).parent
ROOT = directory.PROJECT
PROJECT = "demo"
STACK = "dev"
PASSPHRASE = "a passphrase"


@dataclass(frozen=True)
class Completed:
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Stack:
    """A project in a folder, with its state, provider and engine."""

    def __init__(self, folder: Path, engine: str) -> None:
        self.folder = folder
        self.engine = engine
        self.project = folder / "project"
        self.things = folder / "things"

    @property
    def command(self) -> list[str]:
        if self.engine == "embedded":
            return [sys.executable, "-m", "lab.engine"]
        return [str(find_cli())]

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": f"{ROOT}:{HERE}",
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "TESTING_DIR": str(self.things),
            built_cli.PYTHON_VARIABLE: sys.executable,
        }

    def prepare(self) -> None:
        """Lay out the folder, and make the stack."""
        for name in ("project", "things", "home", "state", "bin", "venv/bin"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("fail", "hold", "objects"):
            (self.things / name).mkdir(exist_ok=True)
        self._write_programs()
        self.declare()
        self.program("")
        assert self.run("stack", "init", STACK).code == 0

    def moved(self, folder: Path) -> Stack:
        """A copy in another folder; the selection of the stack moves along."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        twin = Stack(folder, self.engine)
        twin._write_programs()
        twin.declare()
        return twin

    def _write_programs(self) -> None:
        script(
            self.folder / "bin" / "pulumi-resource-testing",
            f'exec "{sys.executable}" "{HERE / "testing_provider.py"}" "$@"',
        )
        # The CLI wants a virtual environment with pip to list packages; there's no pip in ours.
        (self.folder / "venv" / "pyvenv.cfg").write_text("home = /usr\n")
        for name in ("python", "python3"):
            script(
                self.folder / "venv" / "bin" / name,
                'case "$*" in *"-m pip list"*) echo "[]"; exit 0;; esac\n'
                f'exec "{sys.executable}" "$@"',
            )

    def declare(self, config: str = "") -> None:
        """Write Pulumi.yaml, with a `config` section."""
        runtime = f"{{name: python, options: {{virtualenv: '{self.folder / 'venv'}'}}}}"
        text = f"name: {PROJECT}\nruntime: {runtime}\n{textwrap.dedent(config)}"
        (self.project / "Pulumi.yaml").write_text(text)

    def program(self, text: str) -> None:
        """Write the program; all of `things` is imported already."""
        head = "import pulumi\nfrom things import *\nconfig = pulumi.Config()\n"
        (self.project / "__main__.py").write_text(head + textwrap.dedent(text))

    def configure(self, **values: str) -> None:
        """Set plain values of the configuration; by hand, as that is faster than `config set`."""
        file = self.project / f"Pulumi.{STACK}.yaml"
        raw = yaml.safe_load(file.read_text())
        config = raw.setdefault("config", {})
        for key, value in values.items():
            config[key.replace("__", ":") if "__" in key else f"{PROJECT}:{key}"] = value
        file.write_text(yaml.safe_dump(raw, sort_keys=False))

    def run(self, *arguments: str, stdin: str = "") -> Completed:
        """Run a command of the engine, and wait."""
        done = subprocess.run(
            [*self.command, *self._with_selection(arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=self.project,
            env=self.environment,
            timeout=180,
            check=False,
        )
        return Completed(done.returncode, done.stdout, done.stderr)

    def _with_selection(self, arguments: tuple[str, ...]) -> list[str]:
        """The arguments, with the stack named where that can be done, before any `--`."""
        names_its_own = arguments[:2] in (("stack", "init"), ("stack", "select"))
        chosen = ["--non-interactive", *([] if names_its_own else ["-s", STACK])]
        end = arguments.index("--") if "--" in arguments else len(arguments)
        return [*arguments[:end], *chosen, *arguments[end:]]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a command of the engine."""
        return subprocess.Popen(
            [*self.command, *arguments, "--non-interactive", "-s", STACK],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.project,
            env=self.environment,
            start_new_session=True,
        )

    def preview(self, *arguments: str) -> Completed:
        return self.run("preview", *arguments)

    def up(self, *arguments: str) -> Completed:
        return self.run("up", "--yes", "--skip-preview", *arguments)

    def destroy(self, *arguments: str) -> Completed:
        return self.run("destroy", "--yes", "--skip-preview", *arguments)

    def refresh(self, *arguments: str) -> Completed:
        return self.run("refresh", "--yes", "--skip-preview", *arguments)

    def must_up(self, *arguments: str) -> Completed:
        done = self.up(*arguments)
        assert done.code == 0, done.text
        return done

    def steps(self, *arguments: str) -> dict[str, str]:
        """What a preview plans: operation by resource name."""
        done = self.preview("--json", *arguments)
        assert done.code == 0, done.text
        return {
            step["urn"].rsplit("::", 1)[-1]: step["op"]
            for step in done.json["steps"]
            if step["op"] != "same"
        }

    def listed(self) -> dict[str, Any]:
        """What a preview lists in an import file."""
        file = self.folder / "import.json"
        done = self.preview("--import-file", str(file))
        assert done.code == 0, done.text
        found: dict[str, Any] = json.loads(file.read_text())
        return found

    def checkpoint(self) -> dict[str, Any]:
        """The state file, as it is."""
        file = self.folder / "state/.pulumi/stacks" / PROJECT / f"{STACK}.json"
        latest: dict[str, Any] = json.loads(file.read_text())["checkpoint"].get("latest") or {}
        return latest

    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources in state, by name; without those that wait to be deleted."""
        found = self.checkpoint().get("resources") or []
        return {one["urn"].rsplit("::", 1)[-1]: one for one in found if not one.get("delete")}

    def outputs(self) -> dict[str, Any]:
        done = self.run("stack", "output", "--json", "--show-secrets")
        assert done.code == 0, done.text
        found: dict[str, Any] = done.json
        return found

    def calls(self, *operations: str) -> list[str]:
        """What the provider was asked to do, as `OP NAME`, in order."""
        return [f"{one['op']} {one['name']}" for one in self.entries(*operations)]

    def entries(self, *operations: str) -> list[dict[str, Any]]:
        file = self.things / "calls.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        found = [json.loads(line) for line in lines]
        return [one for one in found if not operations or one["op"] in operations]

    def forget_calls(self) -> None:
        (self.things / "calls.jsonl").unlink(missing_ok=True)

    def objects(self) -> list[str]:
        """Names of the live objects, as they begin."""
        files = (self.things / "objects").glob("*.json")
        return sorted(file.stem.rsplit("-", 2)[0] for file in files)

    def fail(self, operation: str, name: str, text: str) -> None:
        (self.things / "fail" / f"{operation}.{name}").write_text(text)

    def mend(self) -> None:
        for file in (self.things / "fail").iterdir():
            file.unlink()

    def hold(self, operation: str, name: str) -> None:
        (self.things / "hold" / f"{operation}.{name}").touch()

    def release(self) -> None:
        for file in (self.things / "hold").iterdir():
            file.unlink()

    def wait_for_call(self, call: str) -> None:
        wait_until(lambda: call in self.calls(), f"a call '{call}'")


def script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def wait_until(condition: Any, what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.02)


def interrupt(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
