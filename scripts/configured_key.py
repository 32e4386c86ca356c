"""Prints the private SSH key that the stack is configured with.

A drain goes by the key of the last update. A machine that was made anew since, while another key
was configured, knows that one only.

Reads from the environment: PRESENT, whose last word is the stack's name.
"""

from __future__ import annotations

import os
import sys

from scripts.pulumi_cli import PulumiCli, PulumiError

KEY = "sshPrivateKey"


def main() -> None:
    """Print it, or why it can't be read."""
    stack = os.environ["PRESENT"].split()[-1]
    try:
        print(PulumiCli(stack).get_config(KEY).strip())  # noqa: T201 - its result
    except PulumiError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
