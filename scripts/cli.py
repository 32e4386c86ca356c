"""All commands of operators under one name, with completion: uv run openvidu-enterprise status.

Each is `uv run python -m scripts.NAME` too. For completion in your shell:
openvidu-enterprise --install-completion
"""

from __future__ import annotations

import typer

from scripts import (
    abort_drain,
    adopt,
    autoscale,
    backup,
    check_call,
    exporter,
    host_keys,
    init_stack,
    logs,
    preflight,
    preview_summary,
    recover_state,
    repair,
    report,
    retire,
    rotate_ssh_key,
    ssh,
    status,
)

app = typer.Typer(no_args_is_help=True, help="Run OpenVidu Enterprise: what `pulumi` leaves out.")
COMMANDS = (
    preflight,
    check_call,
    status,
    exporter,
    repair,
    ssh,
    logs,
    report,
    retire,
    abort_drain,
    autoscale,
    preview_summary,
    adopt,
    backup,
    recover_state,
    init_stack,
    host_keys,
    rotate_ssh_key,
)
for module in COMMANDS:
    app.command(module.__name__.rpartition(".")[2].replace("_", "-"))(module.main)


if __name__ == "__main__":
    app()
