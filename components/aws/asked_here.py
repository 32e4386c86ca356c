"""Commands on the operator's machine that ask AWS about an instance, as the provider would.

Source: pulumi-command, Command, `environment`; what reads it: `scripts.aws_session`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.aws import provider
from components.settings.stack_config import config_of_stack


def run_here(script: str, *words: str) -> str:
    """A command for a shell that runs a script of `scripts/`.

    Relative to the project, so that another checkout makes no difference.
    """
    return " ".join([f".venv/bin/python -m scripts.{script}", *words])


def login() -> Mapping[str, pulumi.Input[str]]:
    """The variables with which such a script asks; secret where the provider's configuration is."""
    whole = provider.secret_variables(config_of_stack("aws")[0])
    return {
        "AWS_REGION": aws.config.region or "",
        **(whole if has_no_login() else {key: pulumi.Output.secret(whole[key]) for key in whole}),
    }


def has_no_login() -> bool:
    """Whether these variables hold no credentials: a delete, long after, logs in all the same."""
    config, secret_keys = config_of_stack("aws")
    return provider.secret_variables(config) == provider.variables(config, secret_keys)
