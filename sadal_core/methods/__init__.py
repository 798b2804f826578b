"""Every method of the comparison: a row is one entry in one of the three families."""

from typing import Final

from sadal_core.methods.heads.rows import ROWS as HEADS
from sadal_core.methods.method import Method
from sadal_core.methods.metrics.rows import ROWS as METRICS
from sadal_core.methods.pixels.rows import ROWS as PIXELS

METHODS: Final[dict[str, Method]] = {**PIXELS, **HEADS, **METRICS}
