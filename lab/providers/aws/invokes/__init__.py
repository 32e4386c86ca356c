"""The functions, each family a table in a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lab.providers.aws.function import Function
from lab.providers.aws.invokes.account import AVAILABILITY_ZONES, CALLER_IDENTITY, REGION
from lab.providers.aws.invokes.ami import AMI
from lab.providers.aws.invokes.elastic_ip import ELASTIC_IP, ELASTIC_IPS
from lab.providers.aws.invokes.instance_type import INSTANCE_TYPE, INSTANCE_TYPE_OFFERINGS
from lab.providers.aws.invokes.kms_key import KMS_KEY
from lab.providers.aws.invokes.records import RECORDS
from lab.providers.aws.invokes.service_quota import SERVICE_QUOTA
from lab.providers.aws.invokes.snapshot import SNAPSHOT
from lab.providers.aws.invokes.zone import ZONE

FUNCTIONS: Final[Mapping[str, Function]] = {
    function.name: function
    for function in (
        AMI,
        AVAILABILITY_ZONES,
        CALLER_IDENTITY,
        ELASTIC_IP,
        ELASTIC_IPS,
        INSTANCE_TYPE,
        INSTANCE_TYPE_OFFERINGS,
        KMS_KEY,
        RECORDS,
        REGION,
        SERVICE_QUOTA,
        SNAPSHOT,
        ZONE,
    )
}
