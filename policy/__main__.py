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

from policy import rules
from policy.resource import Resource


def _level(rule: rules.ResourceRule | rules.StackRule) -> EnforcementLevel:
    return EnforcementLevel.ADVISORY if rule.advisory else EnforcementLevel.MANDATORY


def _of_resource(rule: rules.ResourceRule) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = Resource(args.urn, args.resource_type, args.name, args.props, args.opts.protect)
        for message in rule.violations(resource):
            report(message, None)

    return ResourceValidationPolicy(
        rule.name, rule.meaning, validate, enforcement_level=_level(rule)
    )


def _of_stack(rule: rules.StackRule) -> StackValidationPolicy:
    def resources(args: StackValidationArgs) -> Iterator[Resource]:
        for one in args.resources:
            yield Resource(one.urn, one.resource_type, one.name, one.props, one.opts.protect)

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        for urn, message in rule.violations([*resources(args)]):
            report(message, urn)

    return StackValidationPolicy(rule.name, rule.meaning, validate, enforcement_level=_level(rule))


PolicyPack(
    name="openvidu-enterprise",
    policies=[
        *(_of_resource(rule) for rule in rules.RESOURCE_RULES),
        *(_of_stack(rule) for rule in rules.STACK_RULES),
    ],
)
