"""The properties of each resource, as data; without those that collect files.

Source: pulumi-command 1.2.1, provider/pkg/provider: common/inputs.go, local/base.go,
remote/command.go, remote/connection.go, remote/proxyConnection.go.
"""

from __future__ import annotations

from typing import Final

from lab.providers.command.types import (
    Anything,
    Field,
    Flag,
    ListOf,
    MapOf,
    Number,
    Struct,
    Text,
    Whole,
)

DIAL_ERROR_LIMIT: Final = 10
PER_DIAL_TIMEOUT: Final = 15

_LIFECYCLE: Final = (
    Field("triggers", ListOf(Anything()), replaces=True),
    Field("create", Text()),
    Field("update", Text()),
    Field("delete", Text()),
)
_CAPTURED: Final = (
    Field("stdout", Text(), required=True),
    Field("stderr", Text(), required=True),
)

LOCAL_COMMAND: Final = Struct(
    "local.CommandInputs",
    (
        *_LIFECYCLE,
        Field("stdin", Text()),
        Field("logging", Text()),
        Field("interpreter", ListOf(Text())),
        Field("dir", Text()),
        Field("environment", MapOf(Text())),
        Field("addPreviousOutputInEnv", Flag()),
    ),
)
LOCAL_COMMAND_STATE: Final = Struct("local.CommandOutputs", (*LOCAL_COMMAND.fields, *_CAPTURED))

_ENDPOINT: Final = (
    Field("user", Text(), default="root"),
    Field("password", Text(), secret=True),
    Field("host", Text(), required=True),
    Field("port", Number(), default=22),
    Field("privateKey", Text(), secret=True),
    Field("privateKeyPassword", Text(), secret=True),
    Field("agentSocketPath", Text()),
    Field("dialErrorLimit", Whole(), default=DIAL_ERROR_LIMIT),
    Field("perDialTimeout", Whole(), default=PER_DIAL_TIMEOUT),
    Field("hostKey", Text()),
)
CONNECTION: Final = Struct(
    "remote.Connection",
    (*_ENDPOINT, Field("proxy", Struct("remote.ProxyConnection", _ENDPOINT))),
)
REMOTE_COMMAND: Final = Struct(
    "remote.CommandInputs",
    (
        *_LIFECYCLE,
        Field("stdin", Text()),
        Field("logging", Text()),
        Field("connection", CONNECTION, required=True, secret=True),
        Field("environment", MapOf(Text())),
        Field("addPreviousOutputInEnv", Flag()),
    ),
)
REMOTE_COMMAND_STATE: Final = Struct("remote.CommandOutputs", (*REMOTE_COMMAND.fields, *_CAPTURED))
