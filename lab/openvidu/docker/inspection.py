"""`docker inspect`, with as much of its templates as scripts use."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from lab.openvidu.docker.containers import Container
from lab.openvidu.docker.errors import TemplateError

_FIELD = re.compile(r"\{\{\s*(json\s+)?((?:\.\w+)+)\s*\}\}")
_INDEX = r'index \.Config\.Labels "([\w.-]+)"'
_LABEL = re.compile(rf"\{{\{{\s*{_INDEX}\s*\}}\}}")
_LABEL_IF_THERE = re.compile(rf"\{{\{{with {_INDEX}\}}\}}\{{\{{\.\}}\}}\{{\{{end\}}\}}")
_ENVIRONMENT = re.compile(r"\{\{range \.Config\.Env\}\}\{\{println \.\}\}\{\{end\}\}")


def describe(container: Container) -> dict[str, object]:
    """What `docker inspect` shows of a container."""
    state = container.state
    return {
        "Id": container.id,
        "Name": f"/{container.spec.name}",
        "Created": container.spec.created,
        "State": {
            "Status": state.status,
            "Running": state.status == "running",
            "Restarting": state.status == "restarting",
            "ExitCode": state.exit_code,
            "Pid": state.pid,
            "Error": container.error,
            "StartedAt": container.started,
        },
        "RestartCount": container.restarts,
        "Config": {
            "Image": container.spec.image,
            "Env": [f"{name}={value}" for name, value in container.environment.items()],
            "Labels": _labels(container),
        },
        "HostConfig": {"RestartPolicy": {"Name": container.spec.restart}},
    }


def _labels(container: Container) -> dict[str, str]:
    """Only Compose gives any."""
    if not container.spec.project:
        return {}
    return {
        "com.docker.compose.project": container.spec.project,
        "com.docker.compose.project.working_dir": container.spec.folder,
        "com.docker.compose.service": container.spec.service,
        "com.docker.compose.oneoff": str(container.spec.one_off),
        "com.docker.compose.config-hash": container.spec.digest,
    }


def fill_in_row(template: str, container: Container) -> str:
    """A `--format` template of `docker ps` filled in.

    Raises:
        TemplateError: it has something else than ID, Image, Names, Status and State.
    """
    fields = {
        "ID": container.id[:12],
        "Image": container.shown_image,
        "Names": container.spec.name,
        "State": container.state.status,
        "Status": describe_state(container),
    }
    text = template.replace("\\t", "\t")
    for name, value in fields.items():
        text = text.replace(f"{{{{.{name}}}}}", value)
    if "{{" in text:
        raise TemplateError(f"template: the lab's docker can't fill in {template!r}")
    return text


def describe_state(container: Container) -> str:
    """The state in the words of `docker ps`."""
    state = container.state
    match state.status:
        case "running":
            return "Up"
        case "restarting":
            return f"Restarting ({state.exit_code})"
        case "exited":
            return f"Exited ({state.exit_code})"
        case _:
            return "Created"


def fill_in(template: str, container: Container) -> str:
    """A `--format` template filled in.

    Of a label that isn't there Docker says nothing, or `<no value>` where the template has `.Id`:
    that is a field of the API's answer, and none of Docker's own. Source: docker/cli,
    cli/command/inspect/inspector.go, `tryRawInspectFallback`.

    Raises:
        TemplateError: it has something else than fields, `json`, a label and the range over Env.
    """
    facts = describe(container)
    labels = _labels(container)
    no_label = "<no value>" if ".Id" in template else ""

    def look_up(path: str) -> object:
        value: object = facts
        for name in path.lstrip(".").split("."):
            if not isinstance(value, dict) or name not in value:
                raise TemplateError(f"template: can't evaluate field {name} in {template}")
            value = value[name]
        return value

    def label(match: re.Match[str]) -> str:
        return labels.get(match[1], no_label)

    def label_if_there(match: re.Match[str]) -> str:
        return labels.get(match[1], "")

    def field(match: re.Match[str]) -> str:
        value = look_up(match[2])
        if match[1]:
            return json.dumps(value)
        return str(value).lower() if isinstance(value, bool) else str(value)

    lines = "".join(f"{name}={value}\n" for name, value in container.environment.items())
    text = _LABEL_IF_THERE.sub(label_if_there, template)
    text = _FIELD.sub(field, _ENVIRONMENT.sub(lambda _: lines, _LABEL.sub(label, text)))
    if "{{" in text:
        raise TemplateError(f"template: the lab's docker can't fill in {template!r}")
    return text


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows as lines, each column as wide as its widest cell."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
