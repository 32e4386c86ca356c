"""The `aws` provider on the wire: from protocol messages to tables, and back."""

# The methods bear the names that the protocol gives them.
# ruff: noqa: N802

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from lab.providers.aws import lifecycle
from lab.providers.aws.call import Call
from lab.providers.aws.check import check, check_arguments
from lab.providers.aws.clients import Clients
from lab.providers.aws.config import ProviderConfig, parse_config, unknown_keys
from lab.providers.aws.diff import deletes_before_replace, differences
from lab.providers.aws.errors import in_words
from lab.providers.aws.function import Function
from lab.providers.aws.invokes import FUNCTIONS
from lab.providers.aws.resource_type import ResourceType
from lab.providers.aws.resources import RESOURCE_TYPES
from lab.providers.aws.schema import State
from lab.providers.aws.wire import (
    diff_answer,
    failures_answer,
    keeping_ignored,
    marked_secret,
    plain,
    secret_names,
)
from lab.providers.base import (
    Context,
    EngineLog,
    InitFailedError,
    Properties,
    ProviderError,
    Servicer,
    decode,
    encode,
    reports_errors,
)

VERSION: Final = "7.51.1"
_THREADS: Final = 128
_T = TypeVar("_T")


@dataclass(frozen=True)
class _Account:
    """How AWS is asked."""

    config: ProviderConfig
    clients: Clients


class AwsServicer(Servicer):
    """Serves the resource types and functions of the tables."""

    def __init__(self, log: EngineLog) -> None:
        super().__init__("aws", VERSION, log)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="aws")
        self._account: _Account | None = None
        self._seeds: dict[str, bytes] = {}

    async def configure(self, args: Properties) -> None:
        """Take credentials, region and default tags."""
        config = parse_config(args)
        self._account = _Account(config, Clients(config))

    async def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: Context
    ) -> provider_pb2.CheckResponse:
        """Refuse keys that the provider does not know."""
        failures = [
            provider_pb2.CheckFailure(property=key, reason=reason)
            for key, reason in unknown_keys(decode(request.news)).items()
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    @reports_errors
    async def Check(
        self, request: provider_pb2.CheckRequest, context: Context
    ) -> provider_pb2.CheckResponse:
        """Refuse inputs that cannot be, and fill in defaults."""
        kind = _kind_of(request.urn)
        news = decode(request.news)
        self._seeds[request.urn] = request.randomSeed
        checked = check(
            kind,
            name=_name_of(request.urn),
            given=plain(news),
            before=plain(decode(request.olds)),
            seed=request.randomSeed,
            default_tags=self._configured().config.default_tags,
        )
        return provider_pb2.CheckResponse(
            inputs=encode(marked_secret(checked.inputs, news)),
            failures=failures_answer(checked.failures, secret_names(news)),
        )

    @reports_errors
    async def Diff(
        self, request: provider_pb2.DiffRequest, context: Context
    ) -> provider_pb2.DiffResponse:
        """Tell what new inputs change."""
        kind = _kind_of(request.urn)
        old, new = plain(decode(request.olds)), plain(decode(request.news))
        new = keeping_ignored(request.ignoreChanges, old, new)
        forced: list[str] = []
        if ask := kind.replaces_by_aws:
            call = self._call(request.urn, old, 0)
            forced = await self._run(lambda: list(ask(call, request.id, old, new)))
        found = differences(kind, old, new, forced)
        return diff_answer(found, deletes_before_replace(kind, old, new))

    @reports_errors
    async def Create(
        self, request: provider_pb2.CreateRequest, context: Context
    ) -> provider_pb2.CreateResponse:
        """Make a resource, or foretell what would be made."""
        kind = _kind_of(request.urn)
        given = decode(request.properties)
        inputs = plain(given)
        call = self._call(request.urn, inputs, request.timeout)
        if request.preview:
            foretold = lifecycle.preview_create(kind, inputs, call.region)
            return provider_pb2.CreateResponse(
                id="", properties=encode(marked_secret(foretold, given, kind.secrets))
            )
        with _secrets_kept(given, kind.secrets):
            made = await self._run(lambda: lifecycle.create(kind, call, inputs))
        return provider_pb2.CreateResponse(
            id=made.identifier, properties=encode(marked_secret(made.state, given, kind.secrets))
        )

    @reports_errors
    async def Read(
        self, request: provider_pb2.ReadRequest, context: Context
    ) -> provider_pb2.ReadResponse:
        """Look at a resource; one that is gone has no id."""
        kind = _kind_of(request.urn)
        before, inputs = decode(request.properties), decode(request.inputs)
        state = plain(before)
        call = self._call(request.urn, state, request.timeout)
        found = await self._run(
            lambda: lifecycle.read(kind, call, request.id, state, plain(inputs))
        )
        if found is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=found.identifier,
            properties=encode(marked_secret(found.state, before, kind.secrets)),
            inputs=encode(marked_secret(found.inputs, inputs)),
        )

    @reports_errors
    async def Update(
        self, request: provider_pb2.UpdateRequest, context: Context
    ) -> provider_pb2.UpdateResponse:
        """Change a resource in place, or foretell the change."""
        kind = _kind_of(request.urn)
        news = decode(request.news)
        old, new = plain(decode(request.olds)), plain(news)
        new = keeping_ignored(request.ignoreChanges, old, new)
        if request.preview:
            foretold = lifecycle.preview_update(kind, old, new)
            return provider_pb2.UpdateResponse(
                properties=encode(marked_secret(foretold, news, kind.secrets))
            )
        call = self._call(request.urn, old, request.timeout)
        with _secrets_kept(news, kind.secrets):
            state = await self._run(lambda: lifecycle.update(kind, call, request.id, old, new))
        return provider_pb2.UpdateResponse(
            properties=encode(marked_secret(state, news, kind.secrets))
        )

    @reports_errors
    async def Delete(
        self, request: provider_pb2.DeleteRequest, context: Context
    ) -> empty_pb2.Empty:
        """Remove a resource."""
        kind = _kind_of(request.urn)
        state = plain(decode(request.properties))
        call = self._call(request.urn, state, request.timeout)
        await self._run(lambda: lifecycle.delete(kind, call, request.id, state))
        return empty_pb2.Empty()

    @reports_errors
    async def Invoke(
        self, request: provider_pb2.InvokeRequest, context: Context
    ) -> provider_pb2.InvokeResponse:
        """Answer a function."""
        function = _function_of(request.tok)
        inputs = plain(decode(request.args))
        failures = check_arguments(function, inputs)
        if failures:
            return provider_pb2.InvokeResponse(failures=failures_answer(failures, frozenset()))
        call = self._call("", inputs, 0)
        answer = await self._run(lambda: _answer(function, call, inputs))
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(encode(answer))  # its name is a keyword of Python
        return response

    async def _run(self, work: Callable[[], _T]) -> _T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, work)
        finally:
            await loop.run_in_executor(None, self.log.flush)

    def _configured(self) -> _Account:
        if self._account is None:
            raise ProviderError("the aws provider was used before it was configured")
        return self._account

    def _call(self, urn: str, properties: Mapping[str, Any], timeout: float) -> Call:
        account = self._configured()
        region = properties.get("region")
        return Call(
            clients=account.clients,
            region=region if isinstance(region, str) else account.config.region,
            name=_name_of(urn),
            urn=urn,
            token=_token(urn, self._seeds.get(urn, b"")),
            log=self.log,
            cancelled=self.cancelled,
            timeout=timeout or None,
            default_tags=account.config.default_tags,
        )


def _token(urn: str, seed: bytes) -> str:
    """The token by which AWS knows a repeated create: the engine's seed is new in each update."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{urn}#{seed.hex()}") if seed else uuid.uuid4())


def _name_of(urn: str) -> str:
    return urn.rpartition("::")[2]


def _kind_of(urn: str) -> ResourceType:
    """The table of a resource's type; the type is the last of the chain in its URN."""
    token = urn.split("::")[2].rpartition("$")[2]
    if token not in RESOURCE_TYPES:
        known = ", ".join(sorted(RESOURCE_TYPES))
        raise ProviderError(f"the lab does not know the resource type {token}; it knows {known}")
    return RESOURCE_TYPES[token]


def _function_of(token: str) -> Function:
    if token not in FUNCTIONS:
        known = ", ".join(sorted(FUNCTIONS))
        raise ProviderError(f"the lab does not know the function {token}; it knows {known}")
    return FUNCTIONS[token]


@contextmanager
def _secrets_kept(like: Properties, always: Collection[str]) -> Iterator[None]:
    """Mark what is secret also in the state that an error carries."""
    try:
        yield
    except InitFailedError as error:
        error.properties = marked_secret(error.properties, like, always)
        error.inputs = marked_secret(error.inputs, like)
        raise


def _answer(function: Function, call: Call, inputs: State) -> State:
    with in_words("looking up", function.noun, function.name):
        answer = function.answer(call, inputs)
    return {"region": call.region, **answer}
