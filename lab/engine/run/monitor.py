"""The resource monitor: where the program registers its resources, over gRPC.

Source: pulumi, pkg/resource/deploy/source_eval.go.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import resource_pb2, resource_pb2_grpc

from lab.engine.errors import EngineError
from lab.engine.model import urn as urns
from lab.engine.model.goal import Goal
from lab.engine.model.state import ResourceState
from lab.engine.model.values import Properties, has_unknown, opened
from lab.engine.plugin import wire
from lab.engine.plugin.provider import Provider
from lab.engine.run import builtin
from lab.engine.run.context import Context, RefusedError, StoppedError
from lab.engine.run.default_providers import DefaultProviders
from lab.engine.run.ledger import Ledger
from lab.engine.run.registrar import Registrar
from lab.engine.run.requests import (
    goal_of,
    inherited_provider,
    provider_inputs,
    refuse_unsupported,
)

_FEATURES: Final = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
)
_NAMED_FEATURES: Final = frozenset(
    {
        "secrets",
        "resourceReferences",
        "outputValues",
        "aliasSpecs",
        "replacementTrigger",
        "deletedWith",
        "replaceWith",
    }
)
_ORGANIZATION: Final = "organization"
_GONE: Final = "resource monitor shut down"
Answer = TypeVar("Answer")


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """Answers the program.

    Args:
        context: the deployment.
        ledger: what is known and decided.
        registrar: carries registrations out.
        provider_of: the provider that a reference names.
        root: the project's folder.
    """

    def __init__(
        self,
        context: Context,
        ledger: Ledger,
        registrar: Registrar,
        provider_of: Callable[[str], Provider],
        root: Path,
    ) -> None:
        self._context = context
        self._ledger = ledger
        self._registrar = registrar
        self._provider_of = provider_of
        self._root = root
        self._defaults = DefaultProviders(
            context.config, lambda goal: registrar.register(goal).state
        )
        self._component_providers: dict[str, dict[str, str]] = {}
        self.program_is_done = threading.Event()
        self.program_may_end = threading.Event()

    def GetDeploymentInfo(  # noqa: N802
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> resource_pb2.DeploymentInfo:
        """Tell what is being deployed, and what this engine can do."""
        del request, context
        return resource_pb2.DeploymentInfo(
            project=self._context.project,
            stack=self._context.stack,
            organization=_ORGANIZATION,
            config={key: str(opened(value)) for key, value in self._context.config.items()},
            dryRun=self._context.options.preview,
            parallel=self._context.options.parallel,
            supportedFeatures=_FEATURES,
        )

    def SupportsFeature(  # noqa: N802
        self, request: resource_pb2.SupportsFeatureRequest, context: grpc.ServicerContext
    ) -> resource_pb2.SupportsFeatureResponse:
        """Tell whether this engine can do something."""
        del context
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _NAMED_FEATURES)

    def RegisterResource(  # noqa: N802
        self, request: resource_pb2.RegisterResourceRequest, context: grpc.ServicerContext
    ) -> resource_pb2.RegisterResourceResponse:
        """Make a resource what the program wants it to be."""
        return self._answer(context, lambda: self._register(request))

    def _register(
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        refuse_unsupported(request)
        parent = self._ledger.goals.get(request.parent)
        goal = goal_of(request, parent, self._provider(request, parent), self._root)
        if urns.is_provider(goal.type):
            provider_inputs(request, goal.properties)
        self._context.masker.learn(goal.properties)
        done = self._registrar.register(goal)
        state = done.state
        if not state.custom:
            inherited = self._component_providers.get(request.parent, {})
            self._component_providers[state.urn] = {**inherited, **request.providers}
        outputs = state.outputs if state.custom else {}
        if not request.supportsPartialValues:
            outputs = {key: one for key, one in outputs.items() if not has_unknown(one)}
        return resource_pb2.RegisterResourceResponse(
            urn=state.urn,
            id=state.id,
            object=wire.write(
                outputs, secrets=request.acceptSecrets, references=request.acceptResources
            ),
            result=resource_pb2.FAIL if done.failed else resource_pb2.SUCCESS,
            unknown=done.unknown,
        )

    def _provider(self, request: resource_pb2.RegisterResourceRequest, parent: Goal | None) -> str:
        if urns.is_provider(request.type) or not request.custom:
            return ""
        found = inherited_provider(request, parent, self._component_providers)
        package = urns.package_of(request.type)
        return found or self._defaults.reference(package, request.version)

    def ReadResource(  # noqa: N802
        self, request: resource_pb2.ReadResourceRequest, context: grpc.ServicerContext
    ) -> resource_pb2.ReadResourceResponse:
        """Look at a resource that exists already."""
        return self._answer(context, lambda: self._read(request))

    def _read(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:
        package = urns.package_of(request.type)
        provider = request.provider
        if not provider:
            given = self._component_providers.get(request.parent, {})
            provider = given.get(package) or self._defaults.reference(package, request.version)
        goal = Goal(
            type=request.type,
            name=request.name,
            custom=True,
            parent=request.parent,
            properties=wire.read(request.properties),
            provider=provider,
            dependencies=tuple(sorted(request.dependencies)),
            additional_secret_outputs=tuple(request.additionalSecretOutputs),
        )
        state: ResourceState = self._registrar.read(goal, request.id)
        return resource_pb2.ReadResourceResponse(
            urn=state.urn,
            properties=wire.write(
                state.outputs, secrets=request.acceptSecrets, references=request.acceptResources
            ),
        )

    def RegisterResourceOutputs(  # noqa: N802
        self, request: resource_pb2.RegisterResourceOutputsRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Take the outputs of a component, or of the stack."""

        def run() -> empty_pb2.Empty:
            outputs: Properties = wire.read(request.outputs)
            self._context.masker.learn(outputs, whole=True)
            self._registrar.outputs(request.urn, outputs)
            return empty_pb2.Empty()

        return self._answer(context, run)

    def Invoke(  # noqa: N802
        self, request: resource_pb2.ResourceInvokeRequest, context: grpc.ServicerContext
    ) -> resource_pb2.ResourceInvokeResponse:
        """Call a function of a provider."""
        return self._answer(context, lambda: self._invoke(request))

    def _invoke(
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        if self._context.stopping:
            raise StoppedError(_GONE)
        package = urns.package_of(request.tok)
        if package == builtin.PACKAGE:
            return self._call_builtin(request)
        reference = request.provider
        if not reference:
            given = self._component_providers.get(request.parent, {})
            reference = given.get(package) or self._defaults.reference(package, request.version)
        arguments = wire.read(request.args)
        try:
            answer = self._provider_of(reference).invoke(
                request.tok, arguments, preview=self._context.options.preview
            )
        except EngineError as error:
            text = f"invocation of {request.tok} returned an error: {error}"
            raise RefusedError(text) from error
        response = resource_pb2.ResourceInvokeResponse()
        for failure in answer.failures:
            response.failures.add(property=failure.property, reason=failure.reason)
        result = wire.write(answer.result, references=request.acceptResources)
        getattr(response, "return").CopyFrom(result)
        return response

    def _call_builtin(
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        own = f"{_ORGANIZATION}/{self._context.project}/{self._context.stack}"
        arguments = wire.read(request.args)
        found = builtin.call(request.tok, arguments, own, self._ledger.saved)
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").CopyFrom(wire.write(found, references=False))
        return response

    def SignalAndWaitForShutdown(  # noqa: N802
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Take note that the program registers nothing more; it may end when all is done."""
        del request, context
        self.program_is_done.set()
        self.program_may_end.wait()
        return empty_pb2.Empty()

    def _answer(self, context: grpc.ServicerContext, run: Callable[[], Answer]) -> Answer:
        try:
            return run()
        except StoppedError:
            _abort(context, grpc.StatusCode.UNAVAILABLE, _GONE)
        except RefusedError as error:
            _abort(context, grpc.StatusCode.UNKNOWN, str(error))


def _abort(context: grpc.ServicerContext, code: grpc.StatusCode, text: str) -> NoReturn:
    context.abort(code, text)
    raise AssertionError("abort returned")


def add_to(server: grpc.Server, monitor: Monitor) -> None:
    """Serve the monitor."""
    register: Any = resource_pb2_grpc.add_ResourceMonitorServicer_to_server
    register(monitor, server)
