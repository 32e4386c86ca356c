"""A small real provider for tests: `testing:index:Thing` objects are files in a folder.

Run as `pulumi-resource-testing ENGINE_ADDRESS` with the folder in TESTING_DIR:

- `objects/ID.json` are the live objects;
- `calls.jsonl` has a line for each call, in the order in which calls began;
- `fail/OP.NAME` makes OP on NAME fail with the file's text (`once:` before it: only once);
- `hold/OP.NAME` makes OP on NAME wait until the file is gone, or Cancel arrives;
- with `stubborn`, Cancel changes nothing.

Inputs with a meaning: a changed `unique` replaces, `dbr` asks for delete-before-replace, `logs`
are sent to the engine's log by create, `partial` makes create succeed but fail to initialise,
`child` makes create start a process that runs on, and note its id in `child`.

Read finds an object by its id, and by `name:NAME` too.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import any_pb2, empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIG = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"


def plain(value: struct_pb2.Struct) -> dict[str, Any]:
    return json_format.MessageToDict(value)


def struct(value: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(value, struct_pb2.Struct())


def open_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(SIG) == SECRET:
            return open_secrets(value["value"])
        return {key: open_secrets(item) for key, item in value.items()}
    if isinstance(value, list):
        return [open_secrets(item) for item in value]
    return value


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self, folder: Path, engine: str) -> None:
        self.folder = folder
        self.engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(engine))
        self.cancelled = threading.Event()
        self.lock = threading.Lock()
        self.config: dict[str, Any] = {}
        for name in ("objects", "fail", "hold"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def record(self, op: str, urn: str, **more: Any) -> str:
        name = urn.rsplit("::", 1)[-1]
        entry = {"op": op, "name": name, "time": time.time(), **more}
        with self.lock, (self.folder / "calls.jsonl").open("a") as file:
            file.write(json.dumps(entry) + "\n")
        return name

    def obey(self, op: str, name: str, context: grpc.ServicerContext) -> None:
        hold = self.folder / "hold" / f"{op}.{name}"
        while hold.exists():
            if self.cancelled.is_set() and not (self.folder / "stubborn").exists():
                context.abort(grpc.StatusCode.UNAVAILABLE, f"{op} of {name} was cancelled")
            time.sleep(0.02)
        fail = self.folder / "fail" / f"{op}.{name}"
        if fail.exists():
            text = fail.read_text()
            if text.startswith("once:"):
                fail.unlink()
                text = text.removeprefix("once:")
            context.abort(grpc.StatusCode.UNKNOWN, text)

    def outputs(self, name: str, inputs: dict[str, Any], token: str) -> dict[str, Any]:
        return {**inputs, "token": token, "echo": inputs.get("value")}

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        news = plain(request.news)
        failures = []
        if news.get("refuse"):
            failures.append(provider_pb2.CheckFailure(property="refuse", reason="not today"))
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        olds, news = plain(request.old_inputs), plain(request.news)
        if olds.get("account") != news.get("account"):
            return provider_pb2.DiffResponse(changes=2, replaces=["account"], diffs=["account"])
        return provider_pb2.DiffResponse(changes=1 if olds == news else 2)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.config = open_secrets(plain(request.args))
        self.record("configure", request.urn, args=self.config)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=True
        )

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        args = open_secrets(plain(request.args))
        self.record("invoke", request.tok, args=args)
        if request.tok == "testing:index:fail":
            failure = provider_pb2.CheckFailure(property="key", reason="no such key")
            return provider_pb2.InvokeResponse(failures=[failure])
        self.obey("invoke", str(args.get("key")), context)
        answer = {"result": f"found {args.get('key')}", "config": self.config.get("account", "")}
        return provider_pb2.InvokeResponse(**{"return": struct(answer)})

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        seed, fresh = request.randomSeed.hex(), not request.olds.fields
        name = self.record("check", request.urn, seed=seed, fresh=fresh)
        self.obey("check", name, context)
        failures = []
        if plain(request.news).get("refuse"):
            failures.append(provider_pb2.CheckFailure(property="refuse", reason="not today"))
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        olds, news = plain(request.old_inputs), plain(request.news)
        for key in request.ignoreChanges:
            news[key] = olds.get(key)
        name = self.record("diff", request.urn)
        self.obey("diff", name, context)
        changed = sorted(
            key
            for key in olds.keys() | news.keys()
            if olds.get(key) != news.get(key) and not key.startswith("__")
        )
        kinds = provider_pb2.PropertyDiff
        detailed = {}
        for key in changed:
            kind = "ADD" if key not in olds else "DELETE" if key not in news else "UPDATE"
            kind += "_REPLACE" if key == "unique" else ""
            detailed[key] = kinds(kind=kinds.Kind.Value(kind), inputDiff=True)
        return provider_pb2.DiffResponse(
            changes=2 if changed else 1,
            diffs=changed,
            replaces=[key for key in changed if key == "unique"],
            deleteBeforeReplace=bool(news.get("dbr")),
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        inputs = plain(request.properties)
        name = request.urn.rsplit("::", 1)[-1]
        if request.preview:
            self.record("preview-create", request.urn)
            outputs = self.outputs(name, inputs, UNKNOWN)
            return provider_pb2.CreateResponse(properties=struct(outputs))
        self.record("create", request.urn, timeout=request.timeout, inputs=inputs)
        for text in open_secrets(inputs).get("logs", []):
            message = engine_pb2.LogRequest(
                urn=request.urn,
                message=text.removeprefix("status:"),
                severity=engine_pb2.INFO,
                ephemeral=text.startswith("status:"),
            )
            self.engine.Log(message)
        self.obey("create", name, context)
        if inputs.get("child"):
            child = subprocess.Popen(["sleep", "600"])
            (self.folder / "child").write_text(str(child.pid))
        number = len(list((self.folder / "objects").iterdir())) + 1
        id_ = f"{name}-{number}-{time.monotonic_ns() % 10**6}"
        outputs = self.outputs(name, inputs, f"token of {name}")
        (self.folder / "objects" / f"{id_}.json").write_text(json.dumps(outputs))
        self.record("created", request.urn, id=id_)
        if inputs.get("partial"):
            self.abort_partially(id_, outputs, context)
        return provider_pb2.CreateResponse(id=id_, properties=struct(outputs))

    def abort_partially(self, id_: str, outputs: dict[str, Any], context: Any) -> None:
        detail = provider_pb2.ErrorResourceInitFailed(
            id=id_, properties=struct(outputs), reasons=["it never became ready"]
        )
        packed = any_pb2.Any()
        packed.Pack(detail)
        status = status_pb2.Status(code=2, message="init failed", details=[packed])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, "init failed")

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        news, olds = plain(request.news), plain(request.olds)
        name = request.urn.rsplit("::", 1)[-1]
        outputs = self.outputs(name, news, olds["token"])
        if request.preview:
            self.record("preview-update", request.urn)
            return provider_pb2.UpdateResponse(properties=struct(outputs))
        self.record("update", request.urn, timeout=request.timeout)
        self.obey("update", name, context)
        (self.folder / "objects" / f"{request.id}.json").write_text(json.dumps(outputs))
        self.record("updated", request.urn)
        return provider_pb2.UpdateResponse(properties=struct(outputs))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.obey("read", self.record("read", request.urn), context)
        id_ = self.identifier(request.id)
        file = self.folder / "objects" / f"{id_}.json"
        if not file.exists():
            return provider_pb2.ReadResponse()
        outputs = json.loads(file.read_text())
        inputs = {k: v for k, v in outputs.items() if k not in ("token", "echo")}
        return provider_pb2.ReadResponse(id=id_, properties=struct(outputs), inputs=struct(inputs))

    def identifier(self, given: str) -> str:
        """The id of an object: as given, or of the one that `name:NAME` finds."""
        if not given.startswith("name:"):
            return given
        name = given.removeprefix("name:")
        found = sorted((self.folder / "objects").glob(f"{name}-*-*.json"))
        return found[0].stem if found else given

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        name = self.record("delete", request.urn, id=request.id, timeout=request.timeout)
        self.obey("delete", name, context)
        (self.folder / "objects" / f"{request.id}.json").unlink(missing_ok=True)
        self.record("deleted", request.urn, id=request.id)
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.record("cancel", "")
        self.cancelled.set()
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version="1.2.3")


def parent_ends() -> Iterator[None]:
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.2)
        yield


def main() -> None:
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=64))
    provider = Provider(Path(os.environ["TESTING_DIR"]), sys.argv[1])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    for _ in parent_ends():
        pass


if __name__ == "__main__":
    main()
