"""`python -m lab.cli`, the same as `uv run lab`."""

from lab.cli.app import main

main()
