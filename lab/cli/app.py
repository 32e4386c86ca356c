"""The lab's command line.

Each command is a few lines: it opens the lab, does one thing, and reports. Expected failures are
`LabError`s and become one message and status 1.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from components.settings.table import keys
from lab.cli import afterwards, calls, demo, faults, show, words
from lab.cli.words import introduce, tell, tell_error
from lab.cloud import launch, requirements
from lab.cloud.control.client import ControlError
from lab.cloud.host_like import FILE as HOST_LIKE
from lab.cloud.host_like import parse as parse_kinds
from lab.directory import DEFAULT_NAME, PROJECT, LabDirectory
from lab.engine.display.console import VERBOSE_VARIABLE
from lab.engines import ENGINE_VARIABLE, Engine, described, resolve
from lab.errors import LabError
from lab.page_relay import led_in
from lab.plugins import PROVIDERS_VARIABLE, Providers
from lab.stack import Stack
from lab.status import host_called, look
from openvidu.roles import role_of
from scripts import foreground

app = typer.Typer(
    help="A rehearsal of the whole deployment on this machine: no cloud account, no internet.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
config_app = typer.Typer(help="The lab's stack configuration.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(faults.app, name="fault")
app.add_typer(calls.app, name="calls")
app.command()(demo.demo)
_EXPECTED = (
    LabError,
    ControlError,
    launch.LaunchError,
    faults.FaultError,
    subprocess.TimeoutExpired,
)
"""What a command can't do, in words; anything else is a mistake of ours and shows where."""
_GoOn = Annotated[
    bool, typer.Option("--continue-on-error", help="After a failure do what can still be done.")
]
_Verbose = Annotated[
    bool,
    typer.Option("--verbose", envvar=VERBOSE_VARIABLE, help="Print all that happens."),
]
_Path = Annotated[bool, typer.Option(help="KEY is a path, such as hosts[0].publicIp.")]
_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@dataclass(frozen=True)
class _Choice:
    """What the options before the command chose."""

    directory: LabDirectory
    engine: Engine
    providers: Providers

    def open(self) -> Stack:
        """The running lab's stack."""
        return Stack.open(self.directory, self.engine, self.providers)

    def start(self) -> Stack:
        """The stack, in the lab that is started where it doesn't run."""
        supervisor = launch.start(self.directory.path)
        return Stack(self.directory, supervisor, self.engine, self.providers)


@app.callback()
def choose(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="Which lab; several run side by side.")] = DEFAULT_NAME,
    engine: Annotated[
        Engine, typer.Option(envvar=ENGINE_VARIABLE, help="What deploys.")
    ] = Engine.AUTO,
    providers: Annotated[
        Providers, typer.Option(envvar=PROVIDERS_VARIABLE, help="Whose providers deploy.")
    ] = Providers.LAB,
) -> None:
    """Choose the lab and the engine."""
    try:
        context.obj = _Choice(LabDirectory.of(name), resolve(engine), providers)
        words.lab = name
    except ValueError as error:
        raise LabError(str(error)) from None


@app.command()
def up(
    context: typer.Context,
    example: Annotated[
        str | None, typer.Option(help="Of examples/, for a new lab; the page's without it.")
    ] = None,
    config: Annotated[
        list[str] | None,
        typer.Option(help="KEY=VALUE to set first; KEY may be a path."),
    ] = None,
    host_like: Annotated[
        Path | None, typer.Option(help="What machines made from then on are like: docs/lab.md.")
    ] = None,
    parallel: Annotated[int | None, typer.Option(help="Resources at a time.")] = None,
    refresh: Annotated[bool, typer.Option(help="Look at the machines first.")] = False,
    go_on: _GoOn = False,
    verbose: _Verbose = False,
) -> None:
    """Start the lab where it doesn't run, deploy, and show the cluster's health."""
    choice: _Choice = context.obj
    introduce()
    tell(described(choice.engine))
    _require()
    kinds = _kinds_of_hosts(host_like)
    stack = choice.start()
    stack.verbose = verbose
    if kinds:
        (choice.directory.path / HOST_LIKE).write_text(kinds)
    stack.initialise(example)
    for pair in config or ():
        key, _, value = pair.partition("=")
        stack.set_config(key, value, path=not key.isidentifier())
    options = ["--parallel", str(parallel)] if parallel else []
    options += ["--refresh"] if refresh else []
    options += ["--continue-on-error"] if go_on else []
    stack.adopt()
    stack.deploy("up", *options)
    found = look(stack)
    show.health(found)
    # A single master carries no calls itself: without media nodes, being DOWN is right.
    wanted = "DOWN" if "master" in found.hosts and not stack.media_nodes() else "UP"
    if found.state != wanted:
        raise LabError(f"OpenVidu isn't {wanted}. Look at: uv run lab status")
    count = afterwards.another_count(stack.config())
    show.next_steps(afterwards.after_up(found.outputs, count))


def _kinds_of_hosts(file: Path | None) -> str:
    """The text of a file that says what machines are like, once it's known to be right."""
    if file is None:
        return ""
    try:
        text = file.read_text()
    except OSError as error:
        raise LabError(f"--host-like: {file} can't be read: {error.strerror}") from None
    parse_kinds(text)
    return text


@app.command()
def preview(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="As pulumi preview --json.")] = False,
    diff: Annotated[bool, typer.Option(help="Show what differs.")] = False,
) -> None:
    """Show what an update would do; touches nothing."""
    flags = ["--json"] if as_json else []
    flags += ["--diff"] if diff else []
    context.obj.open().pulumi("preview", *flags)


@app.command()
def scale(
    context: typer.Context,
    count: Annotated[int, typer.Argument(help="Nodes.")],
    go_on: _GoOn = False,
    verbose: _Verbose = False,
) -> None:
    """Set nodeCount and deploy."""
    stack: Stack = context.obj.open()
    before = str(stack.config()["openvidu-enterprise:nodeCount"]["value"])
    stack.set_config("nodeCount", str(count))
    try:
        up(context, go_on=go_on, verbose=verbose)
    except LabError:
        if stack.is_locked:
            # Another update runs, or was killed: this one has done nothing.
            stack.set_config("nodeCount", before)
        raise


@config_app.command("set", context_settings={"ignore_unknown_options": True})
def config_set(
    context: typer.Context,
    key: str,
    value: Annotated[
        str | None, typer.Argument(help="Asked for without it, or read: … set KEY < FILE.")
    ] = None,
    secret: Annotated[bool, typer.Option(help="Store it encrypted.")] = False,
    path: _Path = False,
) -> None:
    """Set a key, as `pulumi config set` does."""
    stack: Stack = context.obj.open()
    if value is None and sys.stdin.isatty():
        value = str(typer.prompt("value", hide_input=secret))
    value = sys.stdin.read() if value is None else value
    stack.set_config(key, value, secret=secret, path=path)
    tell(_what_was_set(key, value.strip(), secret=secret))


def _what_was_set(key: str, value: str, *, secret: bool) -> str:
    """A key and its value, where that may be seen and is short."""
    if secret:
        return f"{key} is set, and stored encrypted"
    name = re.split(r"[.\[]", key.removeprefix("openvidu-enterprise:"))[0]
    hidden = name in keys() and keys()[name].secret
    return f"{key} is set" if hidden or "\n" in value else f"{key} is {value}"


@config_app.command("get")
def config_get(context: typer.Context, key: str, path: _Path = False) -> None:
    """Print a key's value, as `pulumi config get` does: a secret's too."""
    context.obj.open().pulumi("config", "get", key, *_path(path))


@config_app.command("rm")
def config_rm(context: typer.Context, key: str, path: _Path = False) -> None:
    """Remove a key, or what is at a path in it, as `pulumi config rm` does."""
    context.obj.open().pulumi("config", "rm", key, *_path(path))


def _path(given: bool) -> list[str]:
    return ["--path"] if given else []


@app.command(context_settings=_PASS_ON)
def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    web: Annotated[bool, typer.Option("--web", help="As a page in a browser here.")] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="With --web: port to listen on; 0 for any.")
    ] = 0,
) -> None:
    """Show what `scripts.status` shows anywhere, with its options, and the stack's outputs.

    `--json` alone prints the health, the load balancer's addresses and the lab's machines.
    """
    stack: Stack = context.obj.open()
    if as_json and not context.args:
        sys.stdout.write(json.dumps(look(stack).as_json(), indent=2) + "\n")
        return
    options = [*context.args, *(["--json"] if as_json else [])]
    if web:
        with led_in(stack.supervisor, port) as found:
            page = ["python", "-m", "scripts.status", *options, "--web", "--port", str(found)]
            sys.exit(_on_desk(context, page))
    done = _on_desk(context, ["python", "-m", "scripts.status", *options])
    if not options:
        show.outputs(stack.outputs())
    sys.exit(done)


@app.command()
def state(context: typer.Context) -> None:
    """Print the stack's deployment, as `pulumi stack export` does."""
    context.obj.open().pulumi("stack", "export")


@app.command()
def logs(
    context: typer.Context,
    host: Annotated[str, typer.Argument(help="base, node-1, …")],
    console: Annotated[bool, typer.Option(help="The machine's console instead.")] = False,
) -> None:
    """Print the logs of OpenVidu's services on a machine."""
    stack = context.obj.open()
    machine = host_called(stack, host)
    control = stack.supervisor.control
    if console:
        sys.stdout.write(control.console(machine.instance_id))
        return
    folder = role_of(host).product.folder
    done = control.exec(
        machine.instance_id, ["sh", "-c", f"cd {folder} && docker compose logs --no-color"]
    )
    sys.stdout.write(done.stdout + done.stderr)


@app.command(context_settings=_PASS_ON)
def ssh(
    context: typer.Context, host: Annotated[str, typer.Argument(help="base, node-1, …")]
) -> None:
    """Log in to a machine, or run a command there: uv run lab ssh node-1 -- uptime."""
    stack = context.obj.open()
    machine = host_called(stack, host)
    if machine.public_ip is None:
        raise LabError(f"{host} has no public address yet. See: uv run lab status")
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "key"
        key.touch(mode=0o600)
        key.write_text(stack.secret("sshPrivateKey") + "\n")
        known = Path(folder) / "known_hosts"
        known.write_text(_known_hosts(stack, machine.instance_id, machine.public_ip))
        options = ["-i", str(key), "-o", f"UserKnownHostsFile={known}", "-o", "LogLevel=ERROR"]
        target = f"{stack.secret('sshUser') or 'ubuntu'}@{machine.public_ip}"
        _exit_with(stack, ["ssh", "-F", "none", *options, target, *context.args])


def _known_hosts(stack: Stack, instance_id: str, public_ip: str) -> str:
    from scripts.host_key import host_key  # noqa: PLC0415 - boto3 is slow to import

    key = host_key(stack.supervisor.control.console(instance_id))
    return f"{public_ip} {key}\n" if key else ""


@app.command(context_settings=_PASS_ON)
def curl(
    context: typer.Context, url: Annotated[str, typer.Argument(help="And curl's own options.")]
) -> None:
    """Fetch a URL from outside, as a browser on the internet would."""
    choice: _Choice = context.obj
    authority = str(choice.directory.certificate_authority)
    _exit_with(
        choice.open(),
        ["curl", "--silent", "--show-error", "--cacert", authority, *context.args, url],
    )


@app.command(context_settings=_PASS_ON)
def run(context: typer.Context) -> None:
    """Run a command where the operator works.

    Such as: uv run lab run -- openvidu-enterprise retire node-1.

    `pulumi` is the lab's engine there, and works on the lab's stack.
    """
    if not context.args:
        raise LabError("no command. Such as: uv run lab run -- pulumi stack")
    sys.exit(_on_desk(context, context.args))


def _on_desk(context: typer.Context, command: list[str]) -> int:
    """Run a command where the operator works, on the lab's stack; returns its exit status."""
    choice: _Choice = context.obj
    return _run(choice.open(), ["env", f"PULUMI_STACK={choice.directory.stack}", *command])


@app.command()
def kill(
    context: typer.Context, host: Annotated[str, typer.Argument(help="base, node-1, …")]
) -> None:
    """Crash a machine: its processes end at once, as if the power failed."""
    stack = context.obj.open()
    stack.supervisor.control.kill_host(host_called(stack, host).instance_id)


@app.command()
def cancel(context: typer.Context) -> None:
    """Free the stack's lock after an update that was killed."""
    context.obj.open().pulumi("cancel", "--yes")


@app.command()
def destroy(context: typer.Context, verbose: _Verbose = False) -> None:
    """Drain the nodes and remove every resource; the lab goes on."""
    stack: Stack = context.obj.open()
    stack.verbose = verbose
    stack.destroy()
    show.next_steps(afterwards.AFTER_DESTROY)


@app.command()
def reset(context: typer.Context) -> None:
    """Stop the lab and forget it, whatever state it's in."""
    choice: _Choice = context.obj
    running = launch.find(choice.directory.path)
    if running:
        running.stop()
    choice.directory.stack_config.unlink(missing_ok=True)
    launch.remove(choice.directory.path)
    tell(f"Lab '{choice.directory.name}' is gone.")


def _require() -> None:
    """Say at once what this machine lacks, and how to get it."""
    missing = requirements.missing()
    if missing:
        raise LabError(requirements.explain(missing))


def _exit_with(stack: Stack, command: list[str]) -> None:
    """Run an interactive command on the operator's desk and end with its status."""
    sys.exit(_run(stack, command))


def _run(stack: Stack, command: list[str]) -> int:
    command = stack.supervisor.enter(command)
    return foreground.run(command, env=stack.environment(), cwd=PROJECT).returncode


def main() -> None:
    """Entry point of `lab`."""
    try:
        app()
    except _EXPECTED as error:
        tell_error(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        tell("lab: stopped. The same command carries on; uv run lab reset forgets the lab.")
        sys.exit(130)
