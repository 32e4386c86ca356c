"""Clients of AWS: made once per service and region, shared by all operations.

The endpoint comes from AWS_ENDPOINT_URL, which boto3 reads. Throttled calls, lost connections and
server errors are retried by botocore.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_service_quotas import ServiceQuotasClient

    from lab.providers.aws.config import ProviderConfig

_POOL: Final = 64
_NO_CAPACITY: Final = "InsufficientInstanceCapacity"


class Clients:
    """Makes and keeps clients. Threads may share it."""

    def __init__(self, config: ProviderConfig) -> None:
        self._config = config
        self._session = boto3.Session(
            aws_access_key_id=config.access_key,
            aws_secret_access_key=config.secret_key,
            aws_session_token=config.token,
            profile_name=config.profile,
        )
        self._kept: dict[tuple[str, str], Any] = {}
        self._account: str | None = None
        self._lock = threading.Lock()

    def ec2(self, region: str) -> EC2Client:
        """EC2 in a region."""
        client: EC2Client = self._client("ec2", region)
        return client

    def route53(self, region: str) -> Route53Client:
        """Route 53."""
        client: Route53Client = self._client("route53", region)
        return client

    def service_quotas(self, region: str) -> ServiceQuotasClient:
        """Service Quotas in a region."""
        client: ServiceQuotasClient = self._client("service-quotas", region)
        return client

    def of(self, service: str, region: str) -> Any:
        """Any other service in a region, by boto3's name."""
        return self._client(service, region)

    def identity(self, region: str) -> dict[str, str]:
        """Who calls: `Account`, `Arn` and `UserId`."""
        answer = self._client("sts", region).get_caller_identity()
        return {key: str(answer[key]) for key in ("Account", "Arn", "UserId")}

    def account_id(self, region: str) -> str:
        """The account's number; asked for once."""
        if self._account is None:
            self._account = self.identity(region)["Account"]
        return self._account

    def _client(self, service: str, region: str) -> Any:
        with self._lock:
            key = (service, region)
            if key not in self._kept:
                self._kept[key] = self._make(service, region)
            return self._kept[key]

    def _make(self, service: str, region: str) -> Any:
        client = self._session.client(
            service,  # type: ignore[call-overload]  # the stubs know only literal names
            region_name=region,
            config=Config(
                retries={"mode": "standard", "total_max_attempts": self._config.max_retries + 1},
                max_pool_connections=_POOL,
            ),
        )
        client.meta.events.register_first("needs-retry.ec2.RunInstances", _give_up_without_capacity)
        return client


def _give_up_without_capacity(response: Any, **_: Any) -> None:
    """End the retries of a launch: AWS calls a lack of capacity a server error, but it stays."""
    if response is None:
        return
    _, answer = response
    if answer.get("Error", {}).get("Code") == _NO_CAPACITY:
        raise ClientError(answer, "RunInstances")
