"""A call as the users of an application have it, without a browser.

`rest` asks for a session and for invitations to it, `participant` joins by a `socket`, `sound` is
what participants hear of each other by one of the `ways`. What `uv sync --extra calls` installs is
needed by `socket` and `sound`: who imports them does so late.
"""
