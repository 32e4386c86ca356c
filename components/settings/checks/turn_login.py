"""A TURN server of one's own, and one way to log in there. Pure."""

from __future__ import annotations

from components.settings.mistakes import Mistake, set_command
from components.settings.table import Settings


def find_mistakes(settings: Settings) -> list[Mistake]:
    """What a TURN server lacks, or has too much."""
    shared, user = settings.turn_static_auth_secret, settings.turn_username
    password = settings.turn_credential
    if settings.turn_server is None:
        if not (shared or user or password):
            return []
        command = set_command("turnServer", "turns:turn.example.io:443")
        return [Mistake("turnServer", "is missing, though its login is set", command)]
    takes = "needs either turnStaticAuthSecret, or turnUsername and turnCredential"
    of_keys = {"turnUsername": user, "turnCredential": password}
    given = [key for key, value in of_keys.items() if value]
    if shared and given:
        command = " && ".join(f"pulumi config rm {key}" for key in given)
        other = "or: pulumi config rm turnStaticAuthSecret"
        return [Mistake("turnServer", takes, f"{command}\n      {other}")]
    if not shared and not given:
        command = set_command("turnStaticAuthSecret", "", secret=True)
        return [Mistake("turnServer", takes, command)]
    problem = "is missing; turnServer needs both"
    return [
        Mistake(key, problem, set_command(key, "…", secret=key != "turnUsername"))
        for key, value in of_keys.items()
        if not shared and not value
    ]
