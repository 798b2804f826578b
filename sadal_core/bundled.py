"""Where the files are that come with the code: `assets`, `results` and the model card.

The one place that knows it. In a checkout they lie beside this package; a wheel has them inside of
it, where pyproject.toml puts them.
"""

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent

INSTALLED: Final = (_PACKAGE / "bundled").is_dir()
_ROOT: Final = _PACKAGE / "bundled" if INSTALLED else _PACKAGE.parent
ASSETS: Final = _ROOT / "assets"
RESULTS: Final = _ROOT / "results"
MODEL_CARD: Final = _ROOT / "MODEL_CARD.md"
# What a message about a missing or damaged bundled file tells to do.
REPAIR: Final = "Install sadal again" if INSTALLED else "Check out the assets folder again"
