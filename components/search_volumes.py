"""How large a gp3 volume may be with each instance type of OpenSearch Service. Pure.

Source: OpenSearch Service guide, "Amazon OpenSearch Service quotas", EBS volume size quotas.
"""

from __future__ import annotations

from collections.abc import Mapping

_TIB = 1024
_SUFFIX = ".search"
_MOST: Mapping[str, Mapping[str, float]] = {
    "t3": {"small": 100 / _TIB, "medium": 200 / _TIB},
    "m5": {"large": 1, "xlarge": 2, "2xlarge": 3, "4xlarge": 6, "12xlarge": 18},
    "m6g": {"large": 1, "xlarge": 2, "2xlarge": 3, "4xlarge": 6, "8xlarge": 12, "12xlarge": 18},
    "c5": {
        "large": 0.25,
        "xlarge": 0.5,
        "2xlarge": 1,
        "4xlarge": 1.5,
        "9xlarge": 3.5,
        "18xlarge": 7,
    },
    "c6g": {
        "large": 0.25,
        "xlarge": 0.5,
        "2xlarge": 1,
        "4xlarge": 1.5,
        "8xlarge": 3,
        "12xlarge": 4.5,
    },
    "r5": {"large": 2, "xlarge": 3, "2xlarge": 6, "4xlarge": 12, "12xlarge": 24},
    "r6g": {"large": 2, "xlarge": 3, "2xlarge": 6, "4xlarge": 12, "8xlarge": 16, "12xlarge": 24},
}
"""TiB, by family and size."""
_WITHOUT_GP3 = ("t2", "m3", "m4", "c4", "r3", "r4", "r6gd", "i2", "i3")
"""With gp2 alone, or with disks of their own."""


def most_gib(instance_type: str) -> int | None:
    """The largest gp3 volume of a node in GiB: 0 where there is none; None where it isn't known.

    Args:
        instance_type: such as `m5.large.search`.
    """
    family, _, size = instance_type.removesuffix(_SUFFIX).partition(".")
    if family in _WITHOUT_GP3:
        return 0
    most = _MOST.get(family, {}).get(size)
    return None if most is None else round(most * _TIB)


def for_gib(size: int) -> str | None:
    """The smallest type of a family for general use that takes a volume of so many GiB."""
    fitting = (name for name, most in _MOST["m5"].items() if size <= most * _TIB)
    name = next(fitting, None)
    return f"m5.{name}{_SUFFIX}" if name else None
