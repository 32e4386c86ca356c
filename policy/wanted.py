"""What the stack's configuration says that the rules have to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from components.settings.table import Settings, keys


@dataclass(frozen=True)
class Wanted:
    """What is wanted of the deployment.

    Attributes:
        http_port: where browsers are led to HTTPS (`httpPort`).
        https_port: where users come in (`httpsPort`).
        cluster: the cluster's network (`subnetCidr`).
        data_may_go: whether what is stored may be deleted (`deleteData`).
    """

    http_port: int = Settings.http_port
    https_port: int = Settings.https_port
    cluster: IPv4Network = Settings.subnet_cidr
    data_may_go: bool = Settings.delete_data

    @property
    def entrances(self) -> Mapping[str, int]:
        """Both, by service."""
        return {"http": self.http_port, "https": self.https_port}

    @classmethod
    def of(cls, config: Mapping[str, str]) -> Wanted:
        """What a configuration says.

        Args:
            config: text by key, without namespace.
        """
        return cls(
            _value(config, "httpPort"),
            _value(config, "httpsPort"),
            _value(config, "subnetCidr"),
            _value(config, "deleteData"),
        )


def _value(config: Mapping[str, str], name: str) -> Any:
    key = keys()[name]
    try:
        return key.parse(config[name])
    except (KeyError, ValueError):
        # A value that can't be read is refused by the program, with words about it.
        return key.default
