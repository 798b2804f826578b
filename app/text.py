"""Every sentence that the page says. No markup, no logic beyond filling in numbers."""

from collections.abc import Mapping
from typing import Any, Final

from app.curves import QCurves
from sadal_core.errors import (
    ConfigError,
    DataError,
    LabError,
    NoFaceError,
    SadalError,
    UnreadableImageError,
    WeightsError,
)

TITLE: Final = "Age from a face"
SUBTITLE: Final = "How old does this face look to a model that says how sure it is?"

NOT_FOR_VERIFICATION: Final = (
    "Not for age verification: an estimate can be off by many years for one person, "
    "so nothing that matters to anybody may depend on it."
)
NOT_FOR_VERIFICATION_SHORT: Final = "Not for age verification."
PRIVACY: Final = (
    "Pixels stay on the machine that runs this page: an upload is deleted seconds after it has "
    "been read, and its result is kept in memory until you forget it or leave. No other host is "
    "contacted, and nothing is recorded or shared."
)

PASSWORD: Final = "This page is for a class: enter any name and the password you were given."

PHOTO_TAB: Final = "Photo"
LIVE_TAB: Final = "Live camera"
PHOTO_LABEL: Final = "Photo with one or more faces"
PHOTO_PLACEHOLDER: Final = "# Drop a photo here\nor click to choose, paste, or use the camera"
STAGE_LABEL: Final = "Your photo with the faces found"
PANEL_LABEL: Final = "Estimate"
PICKER_LABEL: Final = "Faces, largest first"
EXAMPLE: Final = "Try the example"
FORGET: Final = "Forget this photo"
FORGET_NOTHING: Final = "No photo to forget"
EXAMPLE_CREDIT: Final = "Astronaut Eileen Collins; NASA, public domain."
MORE_PHOTOS: Final = "Drop or paste the next photo at any time."
WAITING_TITLE: Final = "No photo yet"
WAITING: Final = (
    "Show a face: the age, its 80\u00a0% interval and the whole distribution appear here."
)
INTERVAL: Final = "80\u00a0% interval"
PROBLEM_TITLE: Final = "No estimate"
FIGURE_LABEL: Final = "Probability of each year of age"
FIGURE_CAPTION: Final = (
    "Each bar is the probability of one year of age; the shaded band holds 80\u00a0% of it, "
    "the dashed line is the estimate."
)
FIGURE_FAILED: Final = "The figure could not be drawn: its program did not load. Reload the page."
DOWNLOADS: Final = "Save all faces as"

UNEXPECTED: Final = (
    "Something went wrong with this picture. Try again, or choose another one; "
    "the server's log has the details."
)
FORGOTTEN: Final = "This photo is no longer kept. Show it again to see its faces."
NO_GALLERY: Final = "There is no map to show."
NO_CHOICE: Final = "That is none of the choices. Reload the page."
NO_DATA_URL: Final = "Addresses are not fetched: send the picture itself, as a data URL."
NO_PICTURE: Final = "No picture was given. Send an image file."

Q_VARIANT: Final = "Similarity Q"
Q_L: Final = "L: gap at which Q turns from a logarithm into a line (years)"
Q_EPS: Final = "ε: curvature of the logarithm (years)"
Q_JOINED: Final = "Choose C so that the two branches meet"
Q_C: Final = "C: what the line is lowered by"
Q_ON: Final = "Q weighs"
Q_ON_MARGIN: Final = "the margin: max(0, τQ − d)², our correction"
Q_ON_DISTANCE: Final = "the distance: max(0, τ − dQ)², the paper"
Q_TAU: Final = "τ: margin (squared distance)"
Q_FIGURE: Final = "Q and what it demands of a negative, against the age gap"
Q_RESET: Final = "Back to this model's settings"
Q_REFUSED: Final = "Not drawn."
Q_VANISHES: Final = (
    "Why the printed adversarial term vanishes: it is max(0, −dQ − τ)², and d, Q and τ are never "
    "negative, so nothing is left of it. The authors' code uses max(0, d(1 − Q) − τ)² instead."
)

LIVE_START: Final = "Start camera"
LIVE_STOP: Final = "Stop camera"
LIVE_IDLE: Final = (
    "The camera is off. Ages appear over the video and are smoothed for each face; "
    "frames are read in memory and never stored."
)
LIVE_WORDS: Final = {
    "start": LIVE_START,
    "stop": LIVE_STOP,
    "idle": LIVE_IDLE,
    "asking": "Waiting for the camera: allow this page to use it.",
    "insecure": "The browser gives cameras only to pages from https or localhost. "
    "Open this page on the machine that runs it.",
    "denied": "The camera is blocked. Allow it for this page in the browser's address bar, "
    "then start again.",
    "missing": "No camera was found. Connect one, or use a photo.",
    "busy": "The camera cannot be started. Close other programs that use it, then start again.",
    "noface": "No face in view. Face the camera, with light from the front.",
    "slow": "No answer from the server. Check that it is running, then start again.",
    "ended": "The camera was disconnected. Connect it, then start again.",
}

LOST_WORDS: Final = {
    "title": "The page has lost its server.",
    "sentence": "Start it again, or ask whoever runs it. The page loads itself again as soon as it "
    "is back, with the settings in its address; a photo has to be shown again. What is here can "
    "still be saved.",
    "look": "Look now",
}

WARNINGS: Final = {
    "small": "Small face: few pixels carry the age. Use a closer or larger picture.",
    "dark": "Dark: skin and wrinkles are hard to see. Use more light, from a window or a lamp.",
    "blurred": "Blurred: wrinkles and skin texture are lost. Use a sharper picture.",
    "turned": "Turned away: the model has mostly seen faces from the front. Look at the camera.",
    "cut": "Cut off: part of the face lies outside the picture. Show the whole head.",
}
WARNING_NAMES: Final = {
    "small": "small",
    "dark": "dark",
    "blurred": "blurred",
    "turned": "turned",
    "cut": "cut off",
}

_HEADLINES: Final[tuple[tuple[type[SadalError], str], ...]] = (
    (NoFaceError, "No face found"),
    (UnreadableImageError, "This picture cannot be read"),
    (WeightsError, "The model cannot be used"),
    (DataError, "The data cannot be used"),
    (ConfigError, "A setting makes no sense"),
    (LabError, "The training stopped"),
)


def no_face(name: str) -> str:
    """What is said when no face was found in the picture called `name`."""
    return (
        f"No face was found in {name}. Use a picture in which a face is upright, "
        "lit and at least about 40 pixels wide."
    )


def headline(error: Exception) -> str:
    """Title of the message about `error`."""
    return next((words for kind, words in _HEADLINES if isinstance(error, kind)), PROBLEM_TITLE)


def sentence(error: Exception) -> str:
    """What the user reads about `error`: its own sentence if it was raised on purpose."""
    return str(error) if isinstance(error, SadalError) else UNEXPECTED


def face_label(number: int, age: str) -> str:
    """What a screen reader says of a face's button."""
    return f"Face {number}, about {age} years"


def face_of(number: int, count: int) -> str:
    """Which face the numbers belong to."""
    return f"Face {number} of {count}" if count > 1 else "One face"


def years(age: float) -> str:
    """An age as the page writes it."""
    return f"{age:.0f}"


def span(low: float, high: float) -> str:
    """An interval of ages in whole years, without the unit."""
    return f"{low:.0f}–{high:.0f}"


def interval(low: float, high: float) -> str:
    """The 80\u00a0% interval in whole years, with its unit."""
    return f"{span(low, high)} years"


def band_error(band: Mapping[str, Any]) -> str:
    """How far off the model was measured to be in a band of ages, and on how much data."""
    name = "80 or older" if band["low"] >= 80 else f"{band['low']:.0f}–{band['high']:.0f}"
    return (
        f"Among {_count(band['n'])} held-out faces aged {name} this model was off by "
        f"{band['mae']:.1f} years on average{_lean(band.get('bias'))}, "
        f"and {100 * band['coverage']:.0f}\u00a0% of their ages lay inside the 80\u00a0% interval; "
        f"it was trained on {_count(band['n_train'])} faces of that age."
    )


DATASETS: Final = {
    "utkface": "UTKFace", "aaf": "AAF", "fgnet": "FG-NET", "morph": "MORPH", "afad": "AFAD",
    "appa-real": "APPA-REAL",
}  # fmt: skip
NO_BAND: Final = "No unseen face of this age was measured, so the error here is not known."


def training_data(manifest: Mapping[str, Any]) -> str:
    """What the model was trained on, how far off it is overall, and what its intervals hold."""
    parts = [
        f"{DATASETS.get(d['dataset'], d['dataset'])} ({_count(d['n_train'])} faces)"
        for d in manifest.get("data", ())
    ]
    source = f"Trained on {' and '.join(parts)}. " if parts else ""
    metrics = manifest.get("metrics", {})
    if "mae" not in metrics:
        return source.strip()
    count = f" over {_count(metrics['n'])} held-out faces" if "n" in metrics else ""
    error = f"{source}Mean error {metrics['mae']:.1f} years{count}"
    if "coverage80" not in metrics:
        return f"{error}."
    held = f"{100 * metrics['coverage80']:.0f}\u00a0%"
    return f"{error}; the 80\u00a0% intervals hold {held} of their ages."


def _lean(bias: float | None) -> str:
    if bias is None or abs(bias) < 0.5:
        return ""
    return f" ({abs(bias):.1f} years too {'old' if bias > 0 else 'young'} on the whole)"


def _count(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")  # a narrow no-break space groups thousands


def q_caption(has_metric: bool) -> str:
    """What the two panels of the Similarity Q view show."""
    above = "Above: Q of the chosen variant, the others dotted. Below: the squared distance that "
    below = (
        "Q demands of a negative, and the one that held-out faces have in the learned metric."
        if has_metric
        else "Q demands of a negative; this model has no learned metric to show beside it."
    )
    return above + below


def q_explained(curves: QCurves, *, q_on: str) -> list[str]:
    """What to see in the curves of these settings; an empty sentence is left out."""
    below, above = curves.slopes
    return [
        f"At the gap L, Q is {curves.at_kink:.3f} and its slope changes from {below:.3f} to "
        f"{above:.3f} per year."
        if curves.chosen != "none"
        else "Q is 1 at every gap: all negatives have to be equally far away.",
        f"There Q jumps by {curves.jump:+.3f}: it is not continuous."
        if abs(curves.jump) > 1e-3
        else "",
        "" if curves.crossing is None or curves.chosen == "none" else
        f"From a gap of {curves.crossing:.1f} years on, Q is at least 1, and the adversarial term "
        "d(1 − Q) − τ asks nothing any more.",
        "The demand τ / Q falls as the gap grows: the nearest ages have to be the farthest apart."
        if q_on == "distance"
        else "The demand τ Q grows with the gap: the farther the age, the farther the face.",
        "" if curves.infeasible_from is None else
        f"At a gap of {curves.infeasible_from} years it asks for more than 4, the largest squared "
        "distance of unit vectors: it cannot be met. Training refuses this.",
        Q_VANISHES,
    ]  # fmt: skip
