"""The provider's configuration, for what talks to AWS beside the provider.

Commands on the operator's machine read host keys and ask for instances: as the provider would, in
its account. `scripts.aws_session` reads what is handed on here, and `session` logs in.
Source: pulumi-aws, "Installation & Configuration"; its `config/vars.py`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

VARIABLE = "AWS_PROVIDER"
"""Environment variable with a JSON object: the provider's configuration by its own keys."""
WITHHELD = "withheld"
"""Its member with the keys that only the program knows."""
CREDENTIALS = ("accessKey", "secretKey", "token")
KEYS = (
    "profile",
    "assumeRoles",
    "assumeRoleWithWebIdentity",
    "endpoints",
    "stsRegion",
    "sharedConfigFiles",
    "sharedCredentialsFiles",
    "customCaBundle",
    "httpProxy",
    "httpsProxy",
    "useDualstackEndpoint",
    "useFipsEndpoint",
)
"""What leads to other answers, beside the region, which each caller knows."""
_TOKEN = "webIdentityToken"  # noqa: S105 - the name of a member


def variables(config: Mapping[str, str], secret_keys: Collection[str]) -> dict[str, str]:
    """The variable without a secret, for commands whose environment is in the plain state.

    Credentials that are kept in the stack's configuration aren't in it, as a drain long after would
    log in with what was valid then: who reads the variable refuses to ask as somebody else.

    Args:
        config: the provider's configuration: text by key, without namespace.
        secret_keys: the keys that were stored with `--secret`.
    """
    secret = {*CREDENTIALS, *secret_keys}
    if _TOKEN in config.get("assumeRoleWithWebIdentity", ""):
        secret.add("assumeRoleWithWebIdentity")
    plain = {key: config[key] for key in KEYS if config.get(key) and key not in secret}
    withheld = sorted(key for key in (*KEYS, *CREDENTIALS) if config.get(key) and key in secret)
    return _variable({**plain, WITHHELD: withheld} if withheld else plain)


def secret_variables(config: Mapping[str, str]) -> dict[str, str]:
    """The variable with everything; a secret."""
    return _variable({key: config[key] for key in (*KEYS, *CREDENTIALS) if config.get(key)})


def _variable(values: Mapping[str, object]) -> dict[str, str]:
    return {VARIABLE: json.dumps(values, sort_keys=True)} if values else {}
