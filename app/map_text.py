"""Every sentence of the Metric space and Hard negatives views, as `app.text` for the others."""

from collections.abc import Mapping
from typing import Any, Final

MAP_KIND: Final = "Map"
MAP_KINDS: Final = {
    "umap": "UMAP",
    "umap3": "UMAP in 3-D",
    "pca": "PCA, linear",
    "pca3": "PCA in 3-D",
    "joint": "UMAP fitted with the generated ones",
}
MAP_SPACE: Final = "Space"
MAP_SPACES: Final = {"after": "after SADAL", "before": "before SADAL", "both": "side by side"}
MAP_TITLES: Final = {
    "after": "After SADAL: embeddings f(x)",
    "before": "Before SADAL: features x",
}
MAP_LAYERS_LABEL: Final = "Layers of the map"
MAP_LAYERS: Final = {
    "real": "real samples",
    "generated": "generated hard negatives",
    "lines": "quadruplet and its distances",
    "arrows": "source → generated",
    "you": "your face",
}
LEGEND: Final = {
    "anchor": "anchor",
    "positive": "positive, same age",
    "younger": "younger negative",
    "older": "older negative",
    "generated": "generated negative",
    "you": "your face",
}
MAP_KEYS: Final = (
    "Map. Arrow keys go from point to point, with Shift farther; Enter shows what is near a point."
)
MAP_EPOCH: Final = "Training epoch"
MAP_PLAY: Final = "Play"
MAP_CLEAR: Final = "Clear selection"
MAP_SAVE: Final = "Save the map as"
MAP_WORDS: Final = {
    "real": "Real sample, {age} years",
    "generated": "Generated from a negative of {age} years; the picture is of the nearest real one",
    "play": MAP_PLAY,
    "stop": "Pause",
    "noEpochs": "Epochs were drawn for UMAP in the plane after SADAL.",
    "notYet": "The generator has not begun to learn: there are no generated negatives yet.",
    "failed": "The map could not be drawn: its program did not load. Reload the page.",
}
_SOME_DRAWN: Final = (
    "{drawn:,} of the {seen:,} samples in view are drawn, a like share of every age. Zoom in to "
    "see all of a part; a selection holds what is drawn."
)
_ALL_DRAWN: Final = "All {seen:,} samples in view are drawn; the gallery has {whole:,}."
MAP_HINT: Final = (
    "Hover for a picture; click a point for its neighbours and its quadruplet; draw a box or a "
    "lasso (buttons at the top right of the map) to see ages and distances of what lies inside."
)
K_SAME: Final = (
    "Pictures are averages of at least {k} faces that lie near each other in the metric: they show "
    "what a region of the space looks like, and nobody in particular."
)
MEANS: Final = (
    "Real samples are means of at least {mean} faces of one age, pictures averages of at least {k} "
    "near them: regions of the space, and nobody in particular."
)
OWN_PICTURES: Final = "Pictures are the faces of this gallery, shown on this machine only."

PICK_TITLE: Final = "Quadruplet"
PICK_AGE: Final = "Anchor's age (years)"
PICK_ANY: Final = "any"
PICK_HARDER: Final = "Harder"
PICK_EASIER: Final = "Easier"
PICK_RANK: Final = "Place, from the hardest"
PICK_NOTHING: Final = (
    "Nothing is chosen. Click a point, or choose a quadruplet by age and hardness."
)
NO_QUADRUPLET: Final = (
    "This face is the anchor of no quadruplet: nobody else has its age, or nobody is younger or "
    "older."
)
SELECTION_NONE: Final = "Nothing is selected. Draw a box or a lasso on the map."
SELECTION_AGES: Final = "Ages of the selected samples"
SELECTION_GAPS: Final = "Distances of the selected points against the age gap"
SELECTION_TABLE: Final = "Selected points"
SELECTION_CSV: Final = "CSV of the selection"
NEAREST: Final = (
    "Nearest real samples in the learned metric, with their ages and squared distances; the whole "
    "map is in the view Metric space."
)
HARD_HINT: Final = (
    "The generator moves a real negative to a hard place: near the anchor, though its age is "
    "another. Choose the ages of a quadruplet, and compare what different generators make of it."
)
HARD_AGE: Final = "Anchor (years)"
HARD_YOUNGER: Final = "Younger k"
HARD_OLDER: Final = "Older l"
HARD_GENERATOR: Final = "Generator"
HARD_ANOTHER: Final = "Draw another quadruplet of these ages"
HARD_TABLE: Final = "Generated negatives of all stored quadruplets, the hardest first"
HARD_ALL: Final = "All rows as"
FILES: Final = {"csv": "CSV", "parquet": "Parquet"}
NOT_DRAWN: Final = "Not drawn."
REAL: Final = "real negative"
OF_NEGATIVE: Final = "negative (years)"
GENERATORS: Final = {
    "mlp": "MLP, trained alone",
    "linear": "linear, as released",
    "midpoint": "midpoint",
}
COMPARED: Final = "Generators compared"
COMPARED_LABEL: Final = "Distances to the anchor by generator"
DETAIL_CAPTION: Final = (
    "Squared distances in the metric from the anchor to the real and to the generated negative, "
    "and the one demanded; whether the hinge of D and that of G_adv act on the generated one; and "
    "how far, in lengths of the segment from anchor to real negative, it lies off the midpoint:"
)
PLANE_LABEL: Final = "Generated negatives, seen from the segment between anchor and real negative"
PLANE_CAPTION: Final = (
    "In features, before the metric: 0 is the anchor, 1 the real negative. Without an adversary "
    "the best a generator can do is the midpoint, at 0.5; what lies off the line is its own doing."
)
GAPS_LABEL: Final = "Distances of real and generated negatives against the age gap"
GAPS_CAPTION: Final = (
    "Medians and quartiles over all stored quadruplets in the metric: a generated negative is hard "
    "where it lies below the distance demanded."
)
FORGED: Final = "Not shown."


def map_axes(kind: str, count: int) -> list[str]:
    """Titles of the axes of a map."""
    if kind.startswith("pca"):
        return [f"Principal component {n + 1} (unit of the space)" for n in range(count)]
    return [f"UMAP {n + 1} (no unit)" for n in range(count)]


def role(name: str, age: int) -> str:
    """What a marked point is called."""
    return f"{name}, {age} years"


def quadruplet(age: int, pull: str) -> str:
    """Caption of a quadruplet's table."""
    return (
        f"Quadruplet of an anchor of {age} years; its positive, of the same age, is at {pull}. "
        "Squared distances to the real and to the generated negative, and the one demanded:"
    )


def neighbours(space: str) -> str:
    """Caption of a list of neighbours."""
    return f"Nearest real samples {MAP_SPACES[space]}, in the space itself, not on the map"


def your_face(number: int, count: int, age: float) -> str:
    """What the visitor's face is called."""
    which = f"Your face {number}" if count > 1 else "Your face"
    return f"{which}, estimated {age:.0f} years"


def distance(value: float) -> str:
    """A squared distance as it is written on a line."""
    return f"{value:.2f}"


def pictures(about: Mapping[str, Any]) -> str:
    """Whose faces the pictures of a gallery are, and its points."""
    shown, mean = about["pictures"], about.get("mean_of", 1)
    if shown["kind"] != "k-same":
        return OWN_PICTURES
    return (MEANS if mean > 1 else K_SAME).format(k=shown["k"], mean=mean)


def picked(kind: str, age: int, ident: str) -> str:
    """Title of the panel about a point."""
    if kind == "real":
        return f"Real sample of {age} years, {ident}"
    return f"Generated from a negative of {age} years"


def hinge(active: bool) -> str:
    """Whether a hinge acts."""
    return "acts" if active else "met"


def selected(samples: int, negatives: int) -> str:
    """How much a selection holds."""
    return f"{samples:,} real samples and {negatives:,} generated negatives are selected."


def reference(age: int, ident: str, *, chosen: bool) -> str:
    """What the distances of a selection are taken from."""
    which = "chosen sample" if chosen else "sample in the middle of the selection"
    return (
        f"Distances, age gaps and Q of real samples are from the {which}, {ident} of {age} years; "
        "those of generated negatives from their own anchor."
    )


def own_generator(kind: str) -> str:
    """What the model's own generator is called."""
    return f"{kind.upper()}, trained with the metric"


def from_age(age: int) -> str:
    """A generated negative by the age of its source."""
    return f"from {age} years"


def generated_near(age: int, shown: int) -> str:
    """Caption of the picture that stands for a generated negative."""
    return f"generated from {age} years (nearest real: {shown})"


def compared_caption(kinds: Mapping[str, str]) -> str:
    """How the generators were trained, and what the columns are."""
    trained = (
        " The linear one was trained against the finished metric, which stayed as it is."
        if "linear" in kinds
        else ""
    )
    return (
        "All generators make negatives of the same stored quadruplets in the same metric."
        f"{trained} distance: median squared distance to the anchor; nearer: share (%) nearer to "
        "it than the real negative; D acts, G_adv acts: share (%) of hinges above 0; along, off: "
        "medians in lengths of the segment from anchor to real negative, in features."
    )


def drawn(shown: int, seen: int, whole: int) -> str:
    """How much of a large gallery the map draws; nothing where it draws all of it."""
    if shown == whole:
        return ""
    words = _SOME_DRAWN if shown < seen else _ALL_DRAWN
    return words.format(drawn=shown, seen=seen, whole=whole)
