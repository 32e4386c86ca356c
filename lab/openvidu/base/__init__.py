"""The base services' containers, as far as they aren't somebody else's program."""
