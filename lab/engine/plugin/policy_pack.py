"""Policy packs (CrossGuard), as the engine talks to them: a process that judges resources.

Source: pulumi, pkg/resource/plugin/analyzer_plugin.go, and
sdk/python/cmd/pulumi-analyzer-policy-python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from lab.engine.model.state import ResourceState
from lab.engine.plugin import wire
from lab.engine.plugin.answers import failed
from lab.engine.plugin.process import PluginProcess

_SHOWN: Final = {
    analyzer_pb2.ADVISORY: False,
    analyzer_pb2.MANDATORY: True,
    analyzer_pb2.REMEDIATE: True,
}


@dataclass(frozen=True, slots=True)
class Violation:
    """What a policy says of a resource.

    Attributes:
        policy: pack and name, such as `openvidu-enterprise/tags`.
        mandatory: whether it stops the deployment.
        message: what is wrong.
        urn: the resource, or "" for the stack.
    """

    policy: str
    mandatory: bool
    message: str
    urn: str


def pack_command(python: Path, arguments: Sequence[str], folder: Path) -> list[str]:
    """What starts a policy pack.

    Args:
        python: the interpreter that runs it.
        arguments: the address of the engine's own service, and options.
        folder: with a `__main__.py`.
    """
    return [str(python), "-u", "-m", "pulumi.policy", *arguments, str(folder)]


def pack_environment(project: str, stack: str, config: str, *, preview: bool) -> dict[str, str]:
    """The variables that tell a policy pack what it judges.

    Args:
        project: its name.
        stack: its name.
        config: the configuration by full key, as a JSON object.
        preview: whether nothing is to be done.

    Source: pulumi, sdk/go/common/resource/plugin/analyzer_plugin.go, `constructEnv`.
    """
    return {
        "PULUMI_PROJECT": project,
        "PULUMI_STACK": stack,
        "PULUMI_CONFIG": config,
        "PULUMI_DRY_RUN": "true" if preview else "false",
    }


class PolicyPack:
    """A policy pack's process and the channel to it."""

    def __init__(
        self,
        folder: Path,
        python: Path,
        engine: str,
        environment: Mapping[str, str],
        report: Callable[[str], None],
    ) -> None:
        """Start it.

        Args:
            folder: with a `__main__.py`.
            python: the interpreter that runs it.
            engine: address of the engine's own service.
            environment: variables of the process.
            report: gets each line that it prints.
        """
        command = pack_command(python, [engine], folder)
        self._process = PluginProcess(f"policy pack {folder.name}", command, environment, report)
        self._channel: grpc.Channel | None = None

    def judge(self, state: ResourceState) -> list[Violation]:
        """What the policies say of a resource that is about to be.

        Raises:
            ProviderError: a policy has failed.
        """
        request = analyzer_pb2.AnalyzeRequest(
            type=state.type,
            properties=wire.write(state.inputs),
            urn=state.urn,
            name=state.name,
            options=_options(state),
        )
        try:
            answer = self._stub().Analyze(request)
        except grpc.RpcError as error:
            raise failed(error) from error
        return _violations(answer, state.urn)

    def judge_all(self, states: Iterable[ResourceState]) -> list[Violation]:
        """What the policies say of all resources together.

        Raises:
            ProviderError: a policy has failed.
        """
        request = analyzer_pb2.AnalyzeStackRequest(resources=[_resource(one) for one in states])
        try:
            return _violations(self._stub().AnalyzeStack(request), "")
        except grpc.RpcError as error:
            raise failed(error) from error

    def stop(self) -> None:
        """End it."""
        if self._channel is not None:
            self._channel.close()
        self._process.stop()

    def _stub(self) -> analyzer_pb2_grpc.AnalyzerStub:
        if self._channel is None:
            self._channel = grpc.insecure_channel(self._process.address())
            analyzer_pb2_grpc.AnalyzerStub(self._channel).GetAnalyzerInfo(
                empty_pb2.Empty(), wait_for_ready=True
            )
        return analyzer_pb2_grpc.AnalyzerStub(self._channel)


def _resource(state: ResourceState) -> analyzer_pb2.AnalyzerResource:
    depends = {
        key: analyzer_pb2.AnalyzerPropertyDependencies(urns=urns)
        for key, urns in state.property_dependencies.items()
    }
    return analyzer_pb2.AnalyzerResource(
        type=state.type,
        properties=wire.write({**state.inputs, **state.outputs}),
        urn=state.urn,
        name=state.name,
        options=_options(state),
        parent=state.parent,
        dependencies=state.dependencies,
        propertyDependencies=depends,
    )


def _options(state: ResourceState) -> analyzer_pb2.AnalyzerResourceOptions:
    return analyzer_pb2.AnalyzerResourceOptions(
        protect=state.protect,
        ignoreChanges=state.ignore_changes,
        additionalSecretOutputs=state.additional_secret_outputs,
        aliases=state.aliases,
        parent=state.parent,
    )


def _violations(answer: analyzer_pb2.AnalyzeResponse, urn: str) -> list[Violation]:
    diagnostics: Sequence[analyzer_pb2.AnalyzeDiagnostic] = answer.diagnostics
    return [
        Violation(
            f"{one.policyPackName}/{one.policyName}",
            _SHOWN[one.enforcementLevel],
            one.message.strip(),
            one.urn or urn,
        )
        for one in diagnostics
        if one.enforcementLevel in _SHOWN
    ]
