"""Start the page; `python app.py --help` lists the options."""

import sys

from app.serve import main

if __name__ == "__main__":
    sys.exit(main())
