"""aws:servicequotas/getServiceQuota:getServiceQuota.

Source: terraform-provider-aws 6, data source aws_servicequotas_service_quota.
"""

from __future__ import annotations

from typing import Any, Final

from botocore.exceptions import ClientError

from lab.providers.aws.call import Call
from lab.providers.aws.errors import AwsError, code_of
from lab.providers.aws.function import Function
from lab.providers.aws.schema import STRING, State, exactly_one_of, string

_NOT_SET: Final = "NoSuchResourceException"


def _answer(call: Call, inputs: State) -> State:
    service = inputs["serviceCode"]
    default = _default(call, service, inputs)
    quota = _own(call, service, default["QuotaCode"]) or default
    return {
        "adjustable": quota.get("Adjustable"),
        "arn": quota.get("QuotaArn"),
        "defaultValue": default.get("Value"),
        "globalQuota": quota.get("GlobalQuota"),
        "id": quota.get("QuotaArn"),
        "quotaCode": quota["QuotaCode"],
        "quotaName": quota.get("QuotaName"),
        "serviceCode": service,
        "serviceName": quota.get("ServiceName"),
        "usageMetrics": [],
        "value": quota.get("Value"),
    }


def _default(call: Call, service: str, inputs: State) -> dict[str, Any]:
    key, wanted = (
        ("QuotaCode", inputs["quotaCode"])
        if inputs.get("quotaCode")
        else ("QuotaName", inputs["quotaName"])
    )
    client = call.clients.service_quotas(call.region)
    pages: Any = client.get_paginator("list_aws_default_service_quotas").paginate(
        ServiceCode=service
    )
    for page in pages:
        for quota in page["Quotas"]:
            if quota[key] == wanted:
                found: dict[str, Any] = quota
                return found
    raise AwsError(f"{service} has no quota {wanted!r}")


def _own(call: Call, service: str, code: str) -> dict[str, Any] | None:
    """The quota as it is for this account, or None if it is the default."""
    try:
        answer: Any = call.clients.service_quotas(call.region).get_service_quota(
            ServiceCode=service, QuotaCode=code
        )
    except ClientError as error:
        if code_of(error) == _NOT_SET:
            return None
        raise
    found: dict[str, Any] = answer["Quota"]
    return found


SERVICE_QUOTA: Final = Function(
    name="aws:servicequotas/getServiceQuota:getServiceQuota",
    noun="service quota",
    inputs={"quotaCode": STRING, "quotaName": STRING, "serviceCode": string(required=True)},
    outputs=frozenset(
        {
            "adjustable",
            "arn",
            "defaultValue",
            "globalQuota",
            "id",
            "serviceName",
            "usageMetrics",
            "value",
        }
    ),
    checks=(exactly_one_of("quotaCode", "quotaName"),),
    answer=_answer,
)
