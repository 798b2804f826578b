"""The colours, once, for figures and page. `assets/style.css` refers to the same roles.

Blue is real samples and everything read from them; orange is kept for generated hard
negatives. Each tone was chosen to stand out on both the light and the dark background.
"""

from typing import Final

BLUE: Final = "#2f78c4"
BLUE_LIGHT: Final = "rgba(47, 120, 196, 0.42)"
BLUE_WASH: Final = "rgba(47, 120, 196, 0.13)"
VIOLET: Final = "#9a6fc0"  # what a formula demands
INK: Final = "#3b4654"  # marks drawn over the blue
GREY: Final = "#7d8896"  # text and axes of a figure where the style sheet does not reach
GRID: Final = "rgba(125, 136, 150, 0.25)"
ORANGE: Final = "#d9741a"  # generated hard negatives, and nothing else
# Ages, young to old: viridis without its ends, which one of the two backgrounds would swallow.
AGE_SCALE: Final = (
    "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39",
)  # fmt: skip
# Methods side by side, SADAL's first; told apart by dashes and marks as well.
METHOD_TONES: Final = (BLUE, VIOLET, "#1a9081", "#c2557e", GREY, "#8a8420")
