"""What the Metric space view says about how far its maps can be believed."""

from collections.abc import Mapping
from typing import Any, Final

BELIEVE: Final = "How far to believe this map"
WARNINGS: Final = (
    "The size of a cluster means little: UMAP evens out how dense regions are.",
    "The distance between clusters means little: only who is near to whom was kept, and not "
    "always that.",
    "Gaps may come from the drawing. PCA is linear and tears nothing apart: look at both.",
    "Every number written on a line is the true squared distance in the space, not on the map.",
)
WHY_MEANS: Final = (
    "Means stand for faces because the numbers of a single face would tell who it is."
)
REPEATED: Final = (
    "The epochs are of a repetition of the training; rounding makes two runs drift apart, so that "
    "the last step, to the bundled metric, is larger than it was."
)
NO_PLACE_THEN: Final = (
    "Your face has no place here: how the metric of this epoch would have seen it was not kept."
)


def faithfulness(about: Mapping[str, Any], names: tuple[str, ...], epoch: int | None) -> list[str]:
    """How the maps that are shown were drawn, and how much of the neighbourhoods they keep."""
    maps = about["maps"]
    lines = []
    for name in names:
        then = epoch is not None and name == "after-umap"
        known = maps["epochs"][epoch] if then else maps["faithfulness"][name]
        space = name.partition("-")[0]
        lines.append(
            f"{space.capitalize()} SADAL: trustworthiness {known['trustworthiness']:.3f}, and "
            f"{100 * known['overlap']:.0f}\u00a0% of the 15 nearest neighbours are among the 15 "
            "nearest on the map."
        )
    settings = maps["umap"]
    if not names[0].endswith("pca"):
        lines.append(
            f"UMAP with n_neighbors {settings['n_neighbors']}, min_dist {settings['min_dist']:g}, "
            f"seed {settings['seed']}; "
            + (
                "fitted on real samples and generated negatives together."
                if names[0].endswith("joint")
                else "fitted on real samples only. A generated negative and your face are placed "
                f"by their {maps['placed_with']} nearest samples."
            )
        )
    if about.get("mean_of", 1) > 1:
        lines.append(WHY_MEANS)
    if epoch is not None:
        lines.append(NO_PLACE_THEN)
        if about.get("repetition"):
            lines.append(REPEATED)
    if not names[0].endswith(("pca", "joint")):
        lines += [agreement(kind, known) for kind, known in maps.get("agreement", {}).items()]
    return lines


def agreement(kind: str, known: Mapping[str, float]) -> str:
    """How far placing is from UMAP's own transform."""
    return (
        f"Placing {kind} this way ends {100 * known['median']:.1f}\u00a0% of the map's diagonal "
        f"from where UMAP's transform puts them (median of {known['points']:.0f}); UMAP itself, "
        f"with another seed, ends {100 * known['own_median']:.1f}\u00a0% away."
    )
