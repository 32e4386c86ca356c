"""All commands of operators under one name: uv run openvidu-enterprise status.

This form works after `./run up` and after `uv sync`: it's the one that docs and messages have.
For completion in your shell:
source .venv/bin/activate && openvidu-enterprise --install-completion
"""

from __future__ import annotations

import typer

from components.aws import permissions
from scripts import (
    abort_drain,
    adopt,
    adopt_cluster,
    autoscale,
    backup,
    bake,
    check_call,
    exporter,
    host_keys,
    init_stack,
    keep_nodes,
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
_AS_THEY_ARE = {"allow_extra_args": True, "ignore_unknown_options": True}
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
    keep_nodes,
    preview_summary,
    adopt,
    adopt_cluster,
    backup,
    bake,
    recover_state,
    init_stack,
    host_keys,
    rotate_ssh_key,
)
for module in COMMANDS:
    app.command(module.__name__.rpartition(".")[2].replace("_", "-"))(module.main)


# Its options are read where its help is, too.
@app.command("permissions", add_help_option=False, context_settings=_AS_THEY_ARE)
def print_permissions(context: typer.Context) -> None:
    """Print an IAM policy for whoever deploys."""
    permissions.main(context.args)


if __name__ == "__main__":
    app()
