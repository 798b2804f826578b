"""`python -m sadal_core` and `sadal`: the command line."""

import sys

from sadal_core.cli import main


def sadal() -> int:
    """The command that an installed package has."""
    return main(sys.argv[1:], prog="sadal")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
