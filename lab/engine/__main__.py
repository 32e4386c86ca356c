"""Entry point of `python -m lab.engine`."""

import sys

from lab.engine.cli.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
