"""The properties of each resource and function, as data.

Source: pulumi-command 1.2.1, provider/pkg/provider: common/inputs.go, local/base.go, local/run.go,
remote/command.go, remote/connection.go, remote/proxyConnection.go, remote/copy.go.
"""

from __future__ import annotations

from typing import Final

from lab.providers.command.types import (
    Anything,
    Field,
    FileSource,
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

_TRIGGERS: Final = Field("triggers", ListOf(Anything()), replaces=True)
_LIFECYCLE: Final = (
    _TRIGGERS,
    Field("create", Text()),
    Field("update", Text()),
    Field("delete", Text()),
)
_LOCAL: Final = (
    Field("stdin", Text()),
    Field("logging", Text()),
    Field("interpreter", ListOf(Text())),
    Field("dir", Text()),
    Field("environment", MapOf(Text())),
    Field("assetPaths", ListOf(Text())),
    Field("archivePaths", ListOf(Text())),
    Field("addPreviousOutputInEnv", Flag()),
)
_CAPTURED: Final = (
    Field("stdout", Text(), required=True),
    Field("stderr", Text(), required=True),
)
_COLLECTED: Final = (
    Field("assets", MapOf(FileSource())),
    Field("archive", FileSource()),
)

LOCAL_COMMAND: Final = Struct("local.CommandInputs", (*_LIFECYCLE, *_LOCAL))
LOCAL_COMMAND_STATE: Final = Struct(
    "local.CommandOutputs", (*LOCAL_COMMAND.fields, *_CAPTURED, *_COLLECTED)
)
RUN: Final = Struct("local.RunInputs", (*_LOCAL, Field("command", Text(), required=True)))

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
_CONNECTION: Final = Field("connection", CONNECTION, required=True, secret=True)

REMOTE_COMMAND: Final = Struct(
    "remote.CommandInputs",
    (
        *_LIFECYCLE,
        Field("stdin", Text()),
        Field("logging", Text()),
        _CONNECTION,
        Field("environment", MapOf(Text())),
        Field("addPreviousOutputInEnv", Flag()),
    ),
)
REMOTE_COMMAND_STATE: Final = Struct("remote.CommandOutputs", (*REMOTE_COMMAND.fields, *_CAPTURED))

COPY: Final = Struct(
    "remote.CopyToRemoteInputs",
    (
        _CONNECTION,
        _TRIGGERS,
        Field("source", FileSource(), required=True),
        Field("remotePath", Text(), required=True),
    ),
)
COPY_STATE: Final = Struct("remote.CopyToRemoteOutputs", COPY.fields)
