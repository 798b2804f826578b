"""`sadal-demo`: the page from an installed package, as `python app.py` is from a checkout.

The page's package is called `app`, a name that no package should take in everybody's
site-packages. A wheel has it inside of this package, which puts it on the path for its own process.
"""

import sys
from pathlib import Path


def main() -> int:
    """Serve until interrupted; the exit status."""
    inside = Path(__file__).resolve().parent
    if (inside / "app").is_dir():
        sys.path.insert(0, str(inside))
    from app.serve import main as serve

    return serve(prog="sadal-demo")
