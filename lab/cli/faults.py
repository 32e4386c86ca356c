"""`lab fault`: has AWS, a machine's OpenVidu or the internet misbehave, on request."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from lab.calls.runs import Runs
from lab.cli.fault_table import CUTS, ELSEWHERE, OF_MACHINES, for_terminal
from lab.errors import LabError
from lab.openvidu import faults
from lab.openvidu.faults import FaultError
from lab.status import host_called

__all__ = ["FaultError", "app"]

app = typer.Typer(
    help="Have AWS, a machine's OpenVidu or the internet misbehave. "
    "Kinds, and what each takes: uv run lab fault kinds.",
    no_args_is_help=True,
)
_Host = Annotated[str | None, typer.Option("--on", help="base, node-1, …: the one to misbehave.")]


@app.command("set", epilog=for_terminal())
def set_fault(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="What goes wrong, such as throttle or drain.")],
    options: Annotated[list[str] | None, typer.Argument(help="NAME=VALUE …")] = None,
    host: _Host = None,
) -> None:
    """Set a fault, such as: throttle times=5, or drain answer=405 --on node-2."""
    stack = context.obj.open()
    given = options or []
    if host is not None and kind in OF_MACHINES:
        given, host = [*given, f"host={host}"], None
    if host is not None:
        machine = host_called(stack, host)
        done = stack.supervisor.control.exec(
            machine.instance_id, ["openvidu-lab-fault", "set", kind, *given]
        )
        if done.status:
            raise LabError(done.stderr.strip())
        if kind in CUTS:
            Runs(context.obj.directory.path).note_fault(kind, host, machine.private_ip)
    elif kind in ELSEWHERE:
        faults.write(faults.parse(kind, "\n".join(given)), context.obj.directory.path / "faults")
    else:
        pairs = (option.partition("=") for option in given)
        stack.supervisor.control.fault(kind, **{name: value for name, _, value in pairs})


@app.command("kinds")
def kinds() -> None:
    """Tell which faults there are, and what each takes."""
    sys.stdout.write(f"{for_terminal()}\n")


@app.command("list")
def list_faults(context: typer.Context, host: _Host = None) -> None:
    """List the faults that are set."""
    stack = context.obj.open()
    if host is None:
        lines = stack.supervisor.control.faults()
        elsewhere = faults.active(context.obj.directory.path / "faults")
        lines += [" ".join([fault.kind, *fault.render().split()]) for fault in elsewhere]
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        return
    machine = host_called(stack, host)
    done = stack.supervisor.control.exec(machine.instance_id, ["openvidu-lab-fault", "list"])
    sys.stdout.write(done.stdout)


@app.command("clear")
def clear_faults(context: typer.Context, host: _Host = None) -> None:
    """Have everything behave again: AWS and the internet, or one machine."""
    stack = context.obj.open()
    if host is None:
        stack.supervisor.control.clear_faults()
        faults.clear(folder=context.obj.directory.path / "faults")
        return
    machine = host_called(stack, host)
    stack.supervisor.control.exec(machine.instance_id, ["openvidu-lab-fault", "clear"])
