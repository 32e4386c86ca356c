"""What keys with a choice of values take."""

from __future__ import annotations

AWS, EXISTING = "aws", "existing"
"""`machines`"""
HA, SINGLE_MASTER, HA_MANAGED = "ha", "single-master", "ha-managed"
"""`shape`"""
OWNCERT, ACM = "owncert", "acm"
"""Two of `certificateType`."""
MEDIASOUP, KURENTO = "mediasoup", "kurento"
"""`mediaServer`"""
STOCK, BAKED = "stock", "baked"
"""`nodeImage`"""
ALL_AT_ONCE, ROLLING = "all-at-once", "rolling"
"""`upgradeStrategy`"""
