"""Whose a host is: its notes name the stack, and another stack leaves it alone."""

from __future__ import annotations

import pulumi


def this_stack() -> str:
    """The name that tells this stack from others, as `organization/project/stack`."""
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
