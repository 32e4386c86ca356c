"""Service quotas: how much an account may have; enforced, and told by Service Quotas.

Source: Service Quotas, "Amazon EC2 endpoints and quotas": the codes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.servicequotas.models import ServiceQuotasBackend

from lab.cloud.aws.patching import error, put
from lab.cloud.faults import Quotas

_VCPUS = "L-1216C47A"
_ADDRESSES = "L-0263D0A3"
_DEFAULTS = Quotas(vcpus=5, addresses=5)
"""Of a new account."""
_GONE = ("terminated", "stopped")


def install(quotas: Callable[[], Quotas]) -> None:
    """Let Service Quotas tell the lab's quotas of EC2.

    Args:
        quotas: those in force.
    """
    ask = ServiceQuotasBackend.get_service_quota
    ask_defaults = ServiceQuotasBackend.list_aws_default_service_quotas

    def get_service_quota(self: Any, service_code: str, quota_code: str) -> dict[str, Any]:
        if service_code == "ec2" and quota_code in (_VCPUS, _ADDRESSES):
            return _quota(self.region_name, quota_code, quotas())
        found: dict[str, Any] = ask(self, service_code, quota_code)
        return found

    def list_aws_default_service_quotas(self: Any, service_code: str) -> list[dict[str, Any]]:
        if service_code == "ec2":
            return [_quota(self.region_name, code, _DEFAULTS) for code in (_VCPUS, _ADDRESSES)]
        found: list[dict[str, Any]] = ask_defaults(self, service_code)
        return found

    put(ServiceQuotasBackend, "get_service_quota", get_service_quota)
    put(ServiceQuotasBackend, "list_aws_default_service_quotas", list_aws_default_service_quotas)


def _quota(region: str, code: str, found: Quotas) -> dict[str, Any]:
    name, value = {
        _VCPUS: (
            "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
            found.vcpus,
        ),
        _ADDRESSES: ("EC2-VPC Elastic IPs", found.addresses),
    }[code]
    return {
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaArn": f"arn:aws:servicequotas:{region}::ec2/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "ServiceCode": "ec2",
        "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
        "Unit": "None",
        "Value": float(value),
    }


def check_vcpus(backend: Any, instance_type: str, count: int, limit: int) -> None:
    """Refuse instances beyond the quota of virtual CPUs.

    Args:
        backend: moto's.
        instance_type: what is to start.
        count: how many.
        limit: the quota.

    Raises:
        EC2ClientError: it would be too many.
    """
    running = [
        instance.instance_type
        for instance in backend.all_instances()
        if instance.state not in _GONE
    ]
    if sum(map(_vcpus, [*running, *[instance_type] * count])) > limit:
        raise error(
            "VcpuLimitExceeded",
            f"You have requested more vCPU capacity than your current vCPU limit of {limit} allows "
            "for the instance bucket that the specified instance type belongs to.",
        )


def _vcpus(instance_type: str) -> int:
    found: dict[str, Any] = INSTANCE_TYPES.get(instance_type, {})
    return int(found.get("VCpuInfo", {}).get("DefaultVCpus", 0))
