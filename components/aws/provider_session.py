"""AWS as the provider sees it: the one place that logs in beside it.

botocore's limits are for each read, and an answer that drips goes on for ever: here each call has
one for all of it.

Source: terraform-provider-aws, "Authentication and Configuration": what is configured comes before
the environment; roles are assumed one after the other, each by the login of the one before. boto3
looks at the environment and the shared files as the provider does.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, HTTPClientError, NoCredentialsError

from components.aws.provider import CREDENTIALS, WITHHELD
from openvidu.limit import LateError, within

_ROLE = {
    "roleArn": "RoleArn",
    "externalId": "ExternalId",
    "sessionName": "RoleSessionName",
    "sourceIdentity": "SourceIdentity",
    "policy": "Policy",
}
"""Members of a role to assume, by the arguments of STS. Source: STS API, AssumeRole."""
_SESSION = "openvidu-enterprise"
_WEB_IDENTITY = "assumeRoleWithWebIdentity"
CALL_SECONDS = 120.0
"""Limit of a call with its repetitions, where its caller is in no hurry."""
_TIMEOUTS = 4
"""That limit where the caller has one for an answer: so many times that."""
_LOGIN_SECONDS = 10.0
"""For an answer of STS's to who assumes a role."""
_MAKE_SECONDS = 30.0
"""Limit of making a client: where the machine it's made on has a login, that is asked for then."""

_Answer = TypeVar("_Answer")


class ProviderConfigError(BotoCoreError):
    """AWS can't be asked as the provider asks it."""

    fmt = "{problem}"


class LateAnswerError(HTTPClientError):
    """AWS gives no whole answer within the limit."""

    fmt = "AWS gives {error}"


class AwsSession:
    """AWS, as the provider sees it.

    Attributes:
        region_name: where clients work; None where that isn't set.
    """

    region_name: str | None

    def __init__(self, provider: Mapping[str, Any], region: str | None = None) -> None:
        """Log in.

        Args:
            provider: the provider's configuration by its keys, each a text or what it stands for.
            region: where to work; the configuration's where it's None, else the environment's.

        Raises:
            BotoCoreError: that isn't possible, or not without what only the program knows.
            ClientError: a role can't be assumed.
        """
        self._provider = {key: _parsed(value) for key, value in provider.items()}
        if withheld := self._provider.get(WITHHELD):
            names = ", ".join(f"aws:{key}" for key in withheld)
            problem = f"{names} of the stack's configuration are kept from commands"
            raise ProviderConfigError(problem=problem)
        core = botocore.session.Session()
        for key, variable in (
            ("sharedConfigFiles", "config_file"),
            ("sharedCredentialsFiles", "credentials_file"),
        ):
            if files := self._provider.get(key):
                if len(files) > 1:
                    raise ProviderConfigError(problem=f"aws:{key} has more than one file")
                core.set_config_variable(variable, files[0])
        access, secret, token = (self._provider.get(key) for key in CREDENTIALS)
        self._session = boto3.Session(
            aws_access_key_id=access,
            aws_secret_access_key=secret,
            aws_session_token=token,
            # With keys of its own, the provider has no use for a profile; boto3 takes one of both.
            profile_name=None if access else self._provider.get("profile"),
            region_name=region
            or self._provider.get("region")
            or os.environ.get("AWS_REGION")
            or None,
            botocore_session=core,
        )
        self.region_name = self._session.region_name
        self._assume_roles()

    def client(self, service: str, *, timeout: float | None = None) -> Any:
        """A client of a service, by boto3's name; its methods are made at run time.

        Args:
            service: such as `ec2`.
            timeout: seconds for a connection, and for an answer; boto3's own where it's None. A
                call with its repetitions takes four times as long, or `CALL_SECONDS`.

        Raises:
            BotoCoreError: there's no login. Its methods raise `LateAnswerError`, too.
        """
        seconds = CALL_SECONDS if timeout is None else _TIMEOUTS * timeout
        region = self._provider.get("stsRegion") if service == "sts" else None
        made: Any = _within(
            _MAKE_SECONDS,
            lambda: self._session.client(
                service,  # type: ignore[call-overload]  # the stubs know only literal names
                region_name=region or self.region_name,
                endpoint_url=self._endpoint(service),
                verify=self._provider.get("customCaBundle"),
                config=self._config(timeout),
            ),
        )
        call = made._make_api_call
        # All methods go this way, also those of a paginator: botocore has no public one.
        made._make_api_call = lambda *given: _within(seconds, lambda: call(*given))
        return made

    def variables(self) -> dict[str, str]:
        """Variables with which another program on this computer is logged in as this is.

        Raises:
            BotoCoreError: there's no login.
        """
        found = _within(_MAKE_SECONDS, self._session.get_credentials)
        if found is None:
            raise NoCredentialsError
        login = found.get_frozen_credentials()
        values = {
            "AWS_ACCESS_KEY_ID": login.access_key,
            "AWS_SECRET_ACCESS_KEY": login.secret_key,
            # An empty one isn't a token of the environment's.
            "AWS_SESSION_TOKEN": login.token or "",
            "AWS_REGION": self.region_name,
            "HTTPS_PROXY": self._provider.get("httpsProxy"),
        }
        return {name: value for name, value in values.items() if value is not None}

    def _config(self, timeout: float | None) -> Config:
        values: dict[str, Any] = {
            "use_fips_endpoint": self._provider.get("useFipsEndpoint"),
            "use_dualstack_endpoint": self._provider.get("useDualstackEndpoint"),
            "connect_timeout": timeout,
            "read_timeout": timeout,
            "proxies": {
                scheme: proxy
                for scheme in ("http", "https")
                if (proxy := self._provider.get(f"{scheme}Proxy"))
            },
        }
        return Config(**{name: value for name, value in values.items() if value})

    def _endpoint(self, service: str) -> str | None:
        """The endpoint of a service that is configured; the provider's names have no hyphen."""
        configured = self._provider.get("endpoints") or []
        found = configured if isinstance(configured, list) else [configured]
        name = service.replace("-", "")
        return next((one[name] for one in found if one.get(name)), None)

    def _assume_roles(self) -> None:
        if role := self._provider.get(_WEB_IDENTITY):
            token = role.get("webIdentityToken") or Path(role["webIdentityTokenFile"]).read_text()
            self._become(
                self.client("sts", timeout=_LOGIN_SECONDS).assume_role_with_web_identity(
                    WebIdentityToken=token.strip(), **_arguments(role)
                )
            )
        for role in self._provider.get("assumeRoles") or ():
            self._become(self.client("sts", timeout=_LOGIN_SECONDS).assume_role(**_arguments(role)))

    def _become(self, answer: Mapping[str, Any]) -> None:
        login = answer["Credentials"]
        self._session = boto3.Session(
            aws_access_key_id=login["AccessKeyId"],
            aws_secret_access_key=login["SecretAccessKey"],
            aws_session_token=login["SessionToken"],
            region_name=self.region_name,
        )


def _within(seconds: float, call: Callable[[], _Answer]) -> _Answer:
    try:
        return within(seconds, call)
    except LateError as error:
        raise LateAnswerError(error=error) from None


def _parsed(value: Any) -> Any:
    """What a text stands for: the configuration has lists and objects as JSON."""
    if isinstance(value, str) and re.match(r"[\[{]|(?:true|false)$", value):
        return json.loads(value)
    return value


def _arguments(role: Mapping[str, Any]) -> dict[str, Any]:
    """What STS is asked for a role with.

    How long it lasts isn't: an hour, STS's own, is longer than any command asks.
    """
    found: dict[str, Any] = {_ROLE[key]: role[key] for key in _ROLE if role.get(key)}
    found.setdefault("RoleSessionName", _SESSION)
    if arns := role.get("policyArns"):
        found["PolicyArns"] = [{"arn": arn} for arn in arns]
    if tags := role.get("tags"):
        found["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    if keys := role.get("transitiveTagKeys"):
        found["TransitiveTagKeys"] = keys
    return found
