"""What can be typed: commands and options, as the Pulumi CLI has them."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

_Subparsers = Any


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read a command line; ends the process with a usage message when it makes no sense."""
    parser = _parser()
    options, extra = parser.parse_known_args(arguments)
    _take_late_word(options, extra, arguments)
    if extra:
        parser.error(f"unrecognized arguments: {' '.join(extra)}")
    for name, default in _GLOBAL.items():
        if not hasattr(options, name):
            setattr(options, name, default)
    return options


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """End with what is wrong, and say who has what this engine hasn't."""
        self.print_usage(sys.stderr)
        self.exit(
            2,
            f"{self.prog}: error: {message}\n"
            "  This is the lab's own engine: it has a part of what the Pulumi CLI has.\n"
            "  For all of it: ./run pulumi, then uv run lab --engine pulumi …\n",
        )


_GLOBAL: dict[str, Any] = {
    "cwd": None,
    "stack": None,
    "config_file": None,
    "non_interactive": False,
    "color": "auto",
}


def _take_late_word(options: argparse.Namespace, extra: list[str], arguments: list[str]) -> None:
    """Take a word that stands after options for the positional argument that is still open.

    `config set KEY --secret VALUE` is common, and argparse takes positional arguments only where
    the first of them stands. What comes after `--` is a word whatever it looks like.
    """
    if "--" in extra:
        extra.remove("--")
    after = arguments[arguments.index("--") :] if "--" in arguments else []
    for name in ("value", "name", "urn", "url"):
        if extra and getattr(options, name, "") is None:
            if extra[0].startswith("-") and extra[0] not in after:
                return
            setattr(options, name, extra.pop(0))


def _common() -> argparse.ArgumentParser:
    """Options that may stand before and after the command."""
    common = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("-C", "--cwd", help="run as if started in this folder")
    common.add_argument("-s", "--stack", help="the stack, instead of the selected one")
    common.add_argument("--config-file", help="file to use instead of Pulumi.STACK.yaml")
    common.add_argument("--non-interactive", action="store_true", help="ask nothing")
    common.add_argument("--color", choices=["auto", "always", "never", "raw"])
    common.add_argument("-e", "--emoji", action="store_true", help=argparse.SUPPRESS)
    common.add_argument("--logtostderr", action="store_true", help=argparse.SUPPRESS)
    common.add_argument("--disable-integrity-checking", action="store_true", help=argparse.SUPPRESS)
    common.add_argument("-v", "--verbose", type=int, help=argparse.SUPPRESS)
    return common


def _parser() -> argparse.ArgumentParser:
    common = _common()
    parser = _Parser(
        prog="pulumi",
        description="The lab's own engine for Pulumi programs (not the Pulumi CLI).",
        parents=[common],
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_deployments(commands, common)
    _add_stack(commands, common)
    _add_config(commands, common)
    _add_state(commands, common)
    for name, help_, function in (
        ("version", "print the version", "version"),
        ("whoami", "print who uses the backend", "whoami"),
        ("logout", "choose no backend", "logout"),
    ):
        _command(commands, common, name, help_, "account", function)
    login = _command(commands, common, "login", "choose a backend", "account", "login")
    login.add_argument("url", nargs="?", help="file://PATH")
    login.add_argument("-l", "--local", action="store_true", help="the home folder")
    cancel = _command(commands, common, "cancel", "free a stack's lock", "stack", "cancel")
    cancel.add_argument("name", nargs="?")
    cancel.add_argument("-y", "--yes", action="store_true")
    return parser


def _command(
    commands: _Subparsers,
    common: argparse.ArgumentParser,
    name: str,
    help_: str,
    module: str,
    function: str,
    **more: Any,
) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        name, help=help_, description=help_, parents=[common], **more
    )
    made.set_defaults(module=module, function=function)
    return made


def _add_deployments(commands: _Subparsers, common: argparse.ArgumentParser) -> None:
    preview = _command(commands, common, "preview", "show what up would do", "deploy", "preview")
    up = _command(commands, common, "up", "create or update", "deploy", "up", aliases=["update"])
    refresh = _command(commands, common, "refresh", "look at what there is", "deploy", "refresh")
    destroy = _command(
        commands, common, "destroy", "delete everything", "deploy", "destroy", aliases=["down"]
    )
    for command in (preview, up, refresh, destroy):
        command.add_argument("-p", "--parallel", type=int, help="steps at once")
        command.add_argument("--diff", action="store_true", help="show property differences")
        command.add_argument("-j", "--json", action="store_true")
        command.add_argument("-m", "--message", default="")
        command.add_argument("--suppress-outputs", action="store_true")
        command.add_argument("--suppress-progress", action="store_true", help=argparse.SUPPRESS)
        command.add_argument("-y", "--yes", action="store_true")
        command.add_argument("--preview-only", action="store_true")
        # Who runs it: the Automation API says so.
        command.add_argument("--exec-kind", help=argparse.SUPPRESS)
        command.add_argument("-t", "--target", action="append", default=[], metavar="URN")
        command.add_argument("--target-dependents", action="store_true")
        command.add_argument("--show-secrets", action="store_true")
        command.add_argument("--expect-no-changes", action="store_true")
        command.add_argument("--skip-preview", "-f", action="store_true")
        command.add_argument("-r", "--refresh", nargs="?", const="true", default="false")
        command.add_argument("--continue-on-error", action="store_true")
        command.add_argument("--clear-pending-creates", action="store_true")
    for command in (preview, up):
        command.add_argument("-c", "--config", action="append", default=[], metavar="KEY=VALUE")
        command.add_argument("--replace", action="append", default=[], metavar="URN")
        command.add_argument("--target-replace", action="append", default=[], metavar="URN")
    destroy.add_argument("--remove", action="store_true", help="remove the stack too")


def _add_stack(commands: _Subparsers, common: argparse.ArgumentParser) -> None:
    stack = _command(commands, common, "stack", "show a stack, or manage stacks", "stack", "show")
    stack.add_argument("-i", "--show-ids", action="store_true")
    stack.add_argument("-u", "--show-urns", action="store_true")
    stack.add_argument("--show-name", action="store_true")
    stack.add_argument("--show-secrets", action="store_true")
    below = stack.add_subparsers(metavar="COMMAND")
    init = _command(below, common, "init", "make a stack", "stack", "init")
    init.add_argument("name", nargs="?")
    init.add_argument("--secrets-provider", default="passphrase")
    init.add_argument("--no-select", action="store_true")
    select = _command(below, common, "select", "select a stack", "stack", "select")
    select.add_argument("name", nargs="?")
    select.add_argument("-c", "--create", action="store_true", help="make it if need be")
    select.add_argument("--secrets-provider", default="passphrase")
    ls = _command(below, common, "ls", "list stacks", "stack", "ls")
    ls.add_argument("-j", "--json", action="store_true")
    rm = _command(below, common, "rm", "remove a stack", "stack", "rm")
    rm.add_argument("name", nargs="?")
    rm.add_argument("-y", "--yes", action="store_true")
    rm.add_argument("-f", "--force", action="store_true", help="even with resources in it")
    rm.add_argument("--preserve-config", action="store_true")
    output = _command(below, common, "output", "print outputs", "stack", "output")
    output.add_argument("name", nargs="?")
    output.add_argument("-j", "--json", action="store_true")
    output.add_argument("--show-secrets", action="store_true")
    history = _command(below, common, "history", "list updates", "history", "history")
    history.add_argument("-j", "--json", action="store_true")
    history.add_argument("--show-secrets", action="store_true")
    history.add_argument("--page-size", type=int, default=0, help="updates a page; 0 for all")
    history.add_argument("--page", type=int, default=1)
    export = _command(below, common, "export", "print the state", "stack", "export")
    export.add_argument("--file")
    export.add_argument("--show-secrets", action="store_true")
    import_ = _command(below, common, "import", "replace the state", "stack", "import_")
    import_.add_argument("--file")
    import_.add_argument("-f", "--force", action="store_true")


def _add_config(commands: _Subparsers, common: argparse.ArgumentParser) -> None:
    config = _command(commands, common, "config", "list configuration", "config", "list_all")
    config.add_argument("-j", "--json", action="store_true")
    config.add_argument("--show-secrets", action="store_true")
    below = config.add_subparsers(metavar="COMMAND")
    set_ = _command(below, common, "set", "set a value", "config", "set_")
    set_.add_argument("key")
    set_.add_argument("value", nargs="?")
    set_.add_argument("--path", action="store_true", help="the key is a path into an object")
    set_.add_argument("--type", choices=["string", "int", "bool", "float"])
    kind = set_.add_mutually_exclusive_group()
    kind.add_argument("--secret", action="store_true")
    kind.add_argument("--plaintext", action="store_true")
    all_ = _command(below, common, "set-all", "set values at once", "config", "set_all")
    all_.add_argument("--plaintext", action="append", default=[], metavar="KEY=VALUE")
    all_.add_argument("--secret", action="append", default=[], metavar="KEY=VALUE")
    all_.add_argument("--path", action="store_true", help="the keys are paths into objects")
    all_.add_argument("--json", metavar="TEXT", help="values as config --json prints them")
    get = _command(below, common, "get", "print a value", "config", "get")
    get.add_argument("key")
    get.add_argument("--path", action="store_true")
    get.add_argument("-j", "--json", action="store_true")
    rm = _command(below, common, "rm", "remove a value", "config", "rm")
    rm.add_argument("key")
    rm.add_argument("--path", action="store_true")


def _add_state(commands: _Subparsers, common: argparse.ArgumentParser) -> None:
    state = commands.add_parser("state", help="edit the state", parents=[common])
    below = state.add_subparsers(metavar="COMMAND", required=True)
    unprotect = _command(below, common, "unprotect", "allow deletes", "state", "unprotect")
    unprotect.add_argument("urn", nargs="?")
    unprotect.add_argument("--all", action="store_true")
    unprotect.add_argument("-y", "--yes", action="store_true")
    delete = _command(below, common, "delete", "forget a resource", "state", "delete")
    delete.add_argument("urn")
    delete.add_argument("-y", "--yes", action="store_true")
    delete.add_argument("--force", action="store_true")
