"""Attributes of instances as far as moto lacks them.

Source: EC2 API reference, RunInstances, MonitorInstances, ModifyInstanceCreditSpecification,
DescribeInstanceCreditSpecifications, ModifyInstanceMetadataOptions: what a call doesn't specify
stays as it is.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.responses.monitoring import Monitoring

from lab.cloud.aws.patching import put

_CREDITS = {"t2": "standard", "t3": "unlimited", "t3a": "unlimited", "t4g": "unlimited"}
"""Source: EC2 guide, "Unlimited mode for burstable performance instances": where none is asked."""


def install() -> None:
    """Complete moto."""

    def run_instances(self: Any) -> Any:
        answer = run(self)
        for instance in answer.result.instances:
            instance.disable_api_termination = self._get_param("DisableApiTermination") or False
            instance.cpu_credits = self._get_param("CreditSpecification.CpuCredits")
        return answer

    def describe_instance_credit_specifications(self: Any) -> ActionResult:
        asked = self._get_param("InstanceIds", [])
        found = self.ec2_backend.describe_instance_credit_specifications(asked)
        return ActionResult({"InstanceCreditSpecifications": [_credits(one) for one in found]})

    def modify_instance_credit_specification(self: Any) -> ActionResult:
        asked = self._get_param("InstanceCreditSpecifications", [])
        for one in asked:
            instance = self.ec2_backend.get_instance(one["InstanceId"])
            instance.cpu_credits = one["CpuCredits"]
        done = [{"InstanceId": one["InstanceId"]} for one in asked]
        return ActionResult({"SuccessfulInstanceCreditSpecifications": done})

    def modify_instance_metadata_options(self: Any, instance_id: str, **given: Any) -> Any:
        kept = self.get_instance(instance_id).metadata_options
        before = {
            "http_tokens": kept.http_tokens,
            "hop_limit": kept.http_put_response_hop_limit,
            "http_endpoint": kept.http_endpoint,
            "http_protocol": kept.http_protocol_ipv6,
            "metadata_tags": kept.instance_metadata_tags,
        }
        asked = {name: value for name, value in given.items() if value is not None}
        return modify(self, instance_id, **before | asked)

    run = put(InstanceResponse, "run_instances", run_instances)
    described = describe_instance_credit_specifications
    put(InstanceResponse, described.__name__, described)
    setattr(
        InstanceResponse,
        modify_instance_credit_specification.__name__,
        modify_instance_credit_specification,
    )
    name = modify_instance_metadata_options.__name__
    modify = put(InstanceBackend, name, modify_instance_metadata_options)
    put(Monitoring, "monitor_instances", _monitored("enabled", "pending"))
    put(Monitoring, "unmonitor_instances", _monitored("disabled", "disabling"))


def _credits(instance: Any) -> dict[str, str]:
    family = instance.instance_type.partition(".")[0]
    asked = instance.cpu_credits or _CREDITS.get(family, "standard")
    return {"InstanceId": instance.id, "CpuCredits": asked}


def _monitored(state: str, on_the_way: str) -> Any:
    """A call that switches detailed monitoring."""

    def switch(self: Any) -> ActionResult:
        found = [self.ec2_backend.get_instance(one) for one in self._get_param("InstanceIds", [])]
        for instance in found:
            instance.monitoring_state = state
        told = [{"InstanceId": one.id, "Monitoring": {"State": on_the_way}} for one in found]
        return ActionResult({"InstanceMonitorings": told})

    return switch
