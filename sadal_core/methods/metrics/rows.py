"""The rows of this family in the comparison."""

from typing import Final

from sadal_core.methods.method import Method
from sadal_core.methods.metrics.lsdml import LSDML
from sadal_core.methods.metrics.odfl import ODFL
from sadal_core.methods.metrics.sadal import SADAL

_SUN: Final = (
    'Sun, Liu, Wang, Yu and Wu, "Similarity-Aware Deep Adversarial Learning for Facial Age '
    'Estimation", ICME 2019'
)
_LIU: Final = (
    'Liu, Lu, Feng and Zhou, "Label-Sensitive Deep Metric Learning for Facial Age Estimation", '
    "T-IFS 2018"
)
_OWN_FORMULAS: Final = (
    "The terms are made after the paper's criteria, not its formulas, and only a "
    "linear embedding of frozen features is learned"
)


_SADAL_DEPARTS: Final = (
    "Q multiplies the margin, not the distance; the adversarial term has 1 - Q, since -Q as "
    "printed makes it 0; real negatives count beside the generated ones; each player learns "
    "from its own terms; the features are frozen"
)


def _of_sadal(title: str, form: str, departs: str, **further: str) -> Method:
    return Method(
        title=title,
        family="metric",
        paper=_SUN,
        faithful=False,
        departs=departs,
        reads="features",
        make=SADAL,
        candidates=tuple({"form": form, "tau": tau, **further} for tau in (0.17, 0.3, 0.5)),
    )


ROWS: Final[dict[str, Method]] = {
    "odfl": Method(
        title="ODFL",
        family="metric",
        paper='Liu, Lu, Feng and Zhou, "Ordinal Deep Feature Learning for Facial Age Estimation", '
        'FG 2017; "Ordinal Deep Learning for Facial Age Estimation", TCSVT 2019',
        faithful=False,
        departs=f"{_OWN_FORMULAS}; the paper learns a VGG network.",
        reads="features",
        make=ODFL,
        candidates=tuple({"width": width} for width in (2.0, 5.0, 10.0)),
    ),
    "lsdml": Method(
        title="LSDML",
        family="metric",
        paper=_LIU,
        faithful=False,
        departs=f"{_OWN_FORMULAS}; the paper learns a residual network.",
        reads="features",
        make=LSDML,
        candidates=tuple({"margin": margin} for margin in (1.0, 2.0, 4.0)),
    ),
    "m_lsdml": Method(
        title="M-LSDML",
        family="metric",
        paper=f"{_LIU} (its version for several populations)",
        faithful=False,
        departs=f"{_OWN_FORMULAS}, one for each population; the hyperplanes are learned from, and "
        "samples read as, the population that is measured.",
        reads="features",
        make=LSDML,
        candidates=tuple({"alignment": weight} for weight in (0.1, 1.0, 10.0)),
        populations=True,
    ),
    "quadruplet": _of_sadal(
        "Quadruplets without a generator",
        "real",
        "A control, not the paper's method: real negatives alone, Q on the margin, frozen features "
        "and the distribution head.",
    ),
    "midpoint": _of_sadal(
        "Quadruplets, midpoint negatives",
        "midpoint",
        "A control, not the paper's method: the middle of negative and anchor in the place of what "
        "a generator makes, beside real negatives; Q on the margin, frozen features.",
    ),
    "sadal": _of_sadal(
        "SADAL",
        "sadal",
        f"{_SADAL_DEPARTS}.",
    ),
    "sadal_ohranker": _of_sadal(
        "SADAL + OHRanker",
        "sadal",
        f"{_SADAL_DEPARTS}; an OHRanker reads the age.",
        readout="hyperplanes",
    ),
    "sadal_paper": _of_sadal(
        "SADAL as printed",
        "printed",
        "The adversarial term has 1 - Q, as in the released code, since -Q as printed makes it 0; "
        "both hinges are squared; real negatives start the metric before there is a generator; "
        "embeddings have unit length; each player learns from its own terms; the features are "
        "frozen.",
    ),
}
