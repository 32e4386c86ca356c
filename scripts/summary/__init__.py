"""What a preview means: nodes that come and go, what it costs, what becomes of calls. Pure."""
