"""One provider, as the engine talks to it.

Source: pulumi, pkg/resource/plugin/provider_plugin.go.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from lab.engine.errors import ProviderError
from lab.engine.model import urn as urns
from lab.engine.model.diff import Diff
from lab.engine.model.state import ResourceState
from lab.engine.model.values import (
    UNKNOWN,
    Properties,
    Secret,
    Value,
    as_secret,
    has_secret,
    has_unknown,
    keep_secrets,
    opened,
)
from lab.engine.plugin import wire
from lab.engine.plugin.answers import (
    Checked,
    Invoked,
    Outcome,
    diff_of,
    failed,
    failures,
    partial,
)
from lab.engine.plugin.process import PluginProcess

MAX_MESSAGE: Final = 400 * 1024 * 1024
CHANNEL_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
)
_CANCEL_SECONDS: Final = 5.0
Answer = TypeVar("Answer")


class Provider:
    """A provider process and the channel to it.

    Args:
        process: the process.
        engine: address of the engine's own service.
        learn: gets all that comes back, so that secrets in it can be masked.
    """

    def __init__(self, process: PluginProcess, engine: str, learn: Callable[[Value], None]) -> None:
        self._process = process
        self._learn = learn
        self._channel = grpc.insecure_channel(process.address(), options=CHANNEL_OPTIONS)
        self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self._secrets = self._references = self._preview = False
        self._shaken = False
        self.configured = True
        self._shake_hands(engine)

    def _shake_hands(self, engine: str) -> None:
        request = provider_pb2.ProviderHandshakeRequest(
            engine_address=engine, configure_with_urn=True, invoke_with_preview=True
        )
        try:
            answer = self._stub.Handshake(request, wait_for_ready=True)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise failed(error) from error
        else:
            self._shaken = self._preview = True
            self._secrets = answer.accept_secrets
            self._references = answer.accept_resources
        if self._process.attached:
            self._call(self._stub.Attach, plugin_pb2.PluginAttach(address=engine))

    def check_config(self, urn: str, olds: Properties, news: Properties) -> Checked:
        """Have the provider's own configuration checked."""
        request = provider_pb2.CheckRequest(
            urn=urn,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
            olds=wire.write(olds, secrets=False),
            news=wire.write(news, secrets=False),
        )
        try:
            answer = self._stub.CheckConfig(request)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                return Checked(news)
            raise failed(error) from error
        inputs = wire.read(answer.inputs)
        keep_secrets(inputs, news)
        return Checked(inputs, failures(answer))

    def diff_config(self, old: ResourceState, news: Properties) -> Diff:
        """How the provider takes a change of its configuration."""
        request = provider_pb2.DiffRequest(
            urn=old.urn,
            id=old.id,
            name=old.name,
            type=old.type,
            old_inputs=wire.write(_public(old.inputs), secrets=False),
            olds=wire.write(old.outputs, secrets=False),
            news=wire.write(_public(news), secrets=False),
        )
        try:
            return diff_of(self._stub.DiffConfig(request))
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                return Diff(changed=None)
            raise failed(error) from error

    def configure(self, urn: str, id_: str, inputs: Properties) -> None:
        """Configure it, unless something in the configuration isn't known yet."""
        inputs = _public(inputs)
        if has_unknown(inputs):
            self.configured = False
            return
        package = urns.package_of(urns.type_of(urn))
        request = provider_pb2.ConfigureRequest(
            urn=urn,
            id=id_,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
            args=wire.write(inputs),
            variables={
                f"{package}:config:{key}": _variable(value)
                for key, value in inputs.items()
                if key != "version"
            },
            acceptSecrets=True,
            acceptResources=True,
            sends_old_inputs=True,
            sends_old_inputs_to_delete=True,
        )
        answer = self._call(self._stub.Configure, request)
        self.configured = True
        if not self._shaken:
            self._secrets = answer.acceptSecrets
            self._references = answer.acceptResources
            self._preview = answer.supportsPreview

    def check(self, urn: str, olds: Properties, news: Properties, seed: bytes) -> Checked:
        """Have a resource's inputs checked, and defaults filled in."""
        if not self.configured:
            return Checked(news)
        request = provider_pb2.CheckRequest(
            urn=urn,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
            olds=self._struct(olds),
            news=self._struct(news),
            randomSeed=seed,
        )
        answer = self._call(self._stub.Check, request)
        inputs = self._read(answer.inputs)
        if not self._secrets:
            keep_secrets(inputs, news)
        return Checked(inputs, failures(answer))

    def diff(
        self, old: ResourceState, inputs: Properties, news: Properties, ignored: Sequence[str]
    ) -> Diff:
        """How a resource changes when it gets other inputs.

        Raises:
            ProviderError: with code `DIFF_UNAVAILABLE`, when the provider isn't configured yet.
        """
        if not self.configured:
            raise ProviderError(
                "The provider for this resource has inputs that are not known during preview.\n"
                "This preview may not correctly represent the changes that will be applied during "
                "an update.",
                "DIFF_UNAVAILABLE",
            )
        request = provider_pb2.DiffRequest(
            id=old.id,
            urn=old.urn,
            name=old.name,
            type=old.type,
            old_inputs=self._struct(inputs),
            olds=self._struct(old.outputs),
            news=self._struct(news),
            ignoreChanges=ignored,
        )
        return diff_of(self._call(self._stub.Diff, request))

    def create(self, urn: str, inputs: Properties, timeout: float, *, preview: bool) -> Outcome:
        """Create a resource, or say what it would look like."""
        if preview and not self.configured:
            return Outcome("", {})
        if preview and not self._preview:
            return Outcome("", dict(inputs))
        request = provider_pb2.CreateRequest(
            urn=urn,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
            properties=self._struct(inputs, unknowns=preview),
            timeout=timeout,
            preview=preview,
        )
        outcome = self._outcome(self._stub.Create, request, inputs)
        if not outcome.id and not preview:
            raise ProviderError(f"the provider gave no id for '{urn}', which it should have made")
        return outcome

    def update(
        self,
        old: ResourceState,
        inputs: Properties,
        timeout: float,
        ignored: Sequence[str],
        *,
        preview: bool,
    ) -> Outcome:
        """Change a resource, or say what it would look like."""
        if preview and not self.configured:
            return Outcome(old.id, {})
        if preview and not self._preview:
            return Outcome(old.id, dict(inputs))
        request = provider_pb2.UpdateRequest(
            id=old.id,
            urn=old.urn,
            name=old.name,
            type=old.type,
            olds=self._struct(old.outputs, unknowns=False),
            old_inputs=self._struct(old.inputs, unknowns=False),
            news=self._struct(inputs, unknowns=preview),
            timeout=timeout,
            ignoreChanges=ignored,
            preview=preview,
        )
        return self._outcome(self._stub.Update, request, inputs)

    def read(
        self, urn: str, id_: str, inputs: Properties, state: Properties, timeout: float
    ) -> Outcome:
        """Look at a resource as it is; the outcome has no id when it's gone."""
        if not self.configured:
            return Outcome(id_, {}, {})
        request = provider_pb2.ReadRequest(
            id=id_,
            urn=urn,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
            inputs=self._struct(inputs, unknowns=False),
            properties=self._struct(state, unknowns=False),
            timeout=timeout,
        )
        return self._outcome(self._stub.Read, request, inputs | state)

    def delete(self, old: ResourceState) -> None:
        """Delete a resource."""
        request = provider_pb2.DeleteRequest(
            id=old.id,
            urn=old.urn,
            name=old.name,
            type=old.type,
            properties=self._struct(old.outputs, unknowns=False),
            old_inputs=self._struct(old.inputs, unknowns=False),
            timeout=old.timeouts.delete,
        )
        self._call(self._stub.Delete, request)

    def invoke(self, token: str, arguments: Properties, *, preview: bool) -> Invoked:
        """Call one of the provider's functions."""
        if not self.configured:
            return Invoked({})
        request = provider_pb2.InvokeRequest(
            tok=token, args=self._struct(arguments, unknowns=False), preview=preview
        )
        answer = self._call(self._stub.Invoke, request)
        result = self._read(getattr(answer, "return"))
        if has_secret(arguments) and not self._secrets:
            result = {key: as_secret(item) for key, item in result.items()}
        return Invoked(result, failures(answer))

    def cancel(self) -> None:
        """Ask it to give up what it does; one that doesn't listen is left to itself."""
        with suppress(grpc.RpcError):
            self._stub.Cancel(empty_pb2.Empty(), timeout=_CANCEL_SECONDS)

    def stop(self) -> None:
        """End the process, in the middle of whatever it does."""
        self._process.stop()

    def close(self) -> None:
        """Tell the process that all is over, and end it."""
        self.cancel()
        self._process.stop()
        self._channel.close()

    def _struct(self, properties: Properties, *, unknowns: bool = True) -> Any:
        return wire.write(
            properties, secrets=self._secrets, references=self._references, unknowns=unknowns
        )

    def _read(self, struct: Any) -> Properties:
        found = wire.read(struct)
        self._learn(found)
        return found

    def _call(self, method: Callable[..., Answer], request: Any) -> Answer:
        try:
            return method(request)
        except grpc.RpcError as error:
            raise failed(error) from error

    def _outcome(self, method: Callable[..., Any], request: Any, given: Properties) -> Outcome:
        reasons: tuple[str, ...] = ()
        try:
            answer = method(request)
        except grpc.RpcError as error:
            answer = partial(error)
            if answer is None:
                raise failed(error) from error
            reasons = tuple(answer.reasons)
        outputs = self._read(answer.properties)
        inputs = None
        if hasattr(answer, "inputs") and answer.HasField("inputs"):
            inputs = self._read(answer.inputs)
        if not self._secrets:
            keep_secrets(outputs, given)
            keep_secrets(inputs or {}, given)
        return Outcome(getattr(answer, "id", ""), outputs, inputs, reasons)


def _public(inputs: Properties) -> Properties:
    return {key: value for key, value in inputs.items() if key != "__internal"}


def _variable(value: Value) -> str:
    plain = opened(value)
    if isinstance(plain, str):
        return plain
    return json.dumps(plain) if not isinstance(plain, Secret) and plain is not UNKNOWN else ""
