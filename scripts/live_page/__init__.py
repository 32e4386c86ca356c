"""A deployment's status as a page on this computer: `uv run openvidu-enterprise status --web`.

`timeline` keeps what looks have found, `live_looks` looks again and again, `page_server` answers
the browser with `page.html`, which asks for what was found last.
"""
