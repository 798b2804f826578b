"""`python -m sadal_core`: the command line."""

import sys

from sadal_core.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
