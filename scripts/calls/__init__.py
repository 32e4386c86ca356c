"""A call as the users of an application have it, without a browser; and what came of it.

`rest` asks for a session and for invitations to it, `participant` joins by a `socket`, `sound` is
what participants hear of each other by one of the `ways`, `allocation` asks a TURN server. `trial`
has calls on all nodes, `judgement` says what that means. What `uv sync --extra calls` installs is
needed by `socket`, `sound` and `allocation`: who imports them does so late.
"""
