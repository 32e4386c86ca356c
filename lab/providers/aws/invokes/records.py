"""aws:route53/getRecords:getRecords.

Source: terraform-provider-aws 6, data source aws_route53_records.
"""

from __future__ import annotations

import re
from typing import Any, Final

from lab.providers.aws.call import Call
from lab.providers.aws.function import Function
from lab.providers.aws.rules import not_empty
from lab.providers.aws.schema import STRING, State, string


def _answer(call: Call, inputs: State) -> State:
    pattern = re.compile(inputs.get("nameRegex") or "")
    pages: Any = call.route53.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=inputs["zoneId"]
    )
    found = [
        {
            "name": record["Name"],
            "resourceRecords": [{"value": one["Value"]} for one in record["ResourceRecords"]]
            if record.get("ResourceRecords")
            else None,
            "ttl": record.get("TTL"),
            "type": record["Type"],
        }
        for page in pages
        for record in page["ResourceRecordSets"]
        if pattern.search(record["Name"])
    ]
    return {**inputs, "resourceRecordSets": found}


RECORDS: Final = Function(
    name="aws:route53/getRecords:getRecords",
    noun="DNS records",
    inputs={"nameRegex": STRING, "zoneId": string(not_empty, required=True)},
    outputs=frozenset({"resourceRecordSets"}),
    answer=_answer,
)
