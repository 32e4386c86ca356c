"""The policy pack as Pulumi runs it: pulumi preview --policy-pack policy."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from components.settings.stack_config import config_of_stack
from policy import rules
from policy.judged import Judged
from policy.resource import Resource
from policy.wanted import Wanted


def _of_resource(rule: rules.ResourceRule) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = Resource(args.urn, args.resource_type, args.name, args.props, args.opts.protect)
        messages = rule.broken_by(resource)
        for message in messages:
            report(message, None)
        _judged.note(rule.name, violated=bool(messages))

    return ResourceValidationPolicy(rule.name, rule.meaning, validate)


def _of_stack(rule: rules.StackRule) -> StackValidationPolicy:
    def resources(args: StackValidationArgs) -> Iterator[Resource]:
        for one in args.resources:
            uses = {other.urn for others in one.property_dependencies.values() for other in others}
            yield Resource(
                one.urn,
                one.resource_type,
                one.name,
                one.props,
                one.opts.protect,
                frozenset(uses),
            )

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        violations = [*rule.violations([*resources(args)])]
        for one in violations:
            report(one.message, one.urn)
        _judged.note(rule.name, violated=bool(violations))

    return StackValidationPolicy(rule.name, rule.meaning, validate)


def _tell(args: StackValidationArgs, _: ReportViolation) -> None:
    """Say what was checked, as the last of the policies: of what holds the engine says nothing.

    The engine shows what a pack prints. Source: pulumi, sdk/go/common/resource/plugin/plugin.go,
    `newPlugin`.
    """
    if told := _judged.end(len(args.resources)):
        print(told, flush=True)  # noqa: T201 - for whoever previews or updates


_judged = Judged()
# The engine hands a pack the stack's configuration as it does a program. Where there's no stack, as
# in `pulumi policy publish`, that is empty.
_wanted = Wanted.of(config_of_stack()[0])
PolicyPack(
    name="openvidu-enterprise",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        *(_of_resource(rule) for rule in rules.resource_rules(_wanted)),
        *(_of_stack(rule) for rule in rules.stack_rules(_wanted)),
        StackValidationPolicy("told", "Says what was checked.", _tell),
    ],
)
