"""Providers: their processes, the protocol, and the registry of configured ones."""
