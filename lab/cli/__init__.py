"""`uv run lab …`: one command for each thing that one does with a lab."""

from lab.cli.app import main

__all__ = ["main"]
