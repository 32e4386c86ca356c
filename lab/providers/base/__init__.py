"""What every provider of the lab shares: serving, the handshake, property values, the engine's log.

A provider is a class derived from `Servicer` and a `__main__` of one call::

    serve(lambda log: MyServicer(log))

Imports nothing of the lab but itself.
"""

from lab.providers.base.engine_log import EngineLog
from lab.providers.base.errors import InitFailedError, ProviderError, reports_errors
from lab.providers.base.servicer import Context, Servicer
from lab.providers.base.serving import serve
from lab.providers.base.values import (
    UNKNOWN,
    Archive,
    Asset,
    Properties,
    Reference,
    Secret,
    Unknown,
    Value,
    contains_secret,
    contains_unknown,
    decode,
    encode,
    reveal,
)

__all__ = [
    "UNKNOWN",
    "Archive",
    "Asset",
    "Context",
    "EngineLog",
    "InitFailedError",
    "Properties",
    "ProviderError",
    "Reference",
    "Secret",
    "Servicer",
    "Unknown",
    "Value",
    "contains_secret",
    "contains_unknown",
    "decode",
    "encode",
    "reports_errors",
    "reveal",
    "serve",
]
