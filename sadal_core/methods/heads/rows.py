"""The rows of this family in the comparison."""

from functools import partial
from typing import Final

from sadal_core.methods.heads.absolute import AbsoluteRegression
from sadal_core.methods.heads.cpnn import CPNN
from sadal_core.methods.heads.maximum_entropy import MaximumEntropy
from sadal_core.methods.heads.ordinal import OrdinalHead
from sadal_core.methods.heads.softmax import SoftmaxHead
from sadal_core.methods.method import Method

_FROZEN: Final = "One linear layer on features that stay fixed stands in for the paper's network"
_GENG: Final = (
    "Geng, Yin and Zhou, Facial Age Estimation by Learning from Label Distributions, TPAMI 2013"
)


SHALLOW: Final = {
    "ldl_iis": Method(
        title="LDL (IIS-LLD)",
        family="shallow",
        paper=_GENG,
        faithful=True,
        departs="Principal components of the features stand in for AAM features, a step of "
        "iterative scaling is cut where it is long, and the age is the expectation, not the "
        "most probable one.",
        reads="features",
        make=partial(MaximumEntropy, solver="iis"),
        candidates=({"components": 10}, {"components": 20}, {"components": 40}),
    ),
    "ldl_bfgs": Method(
        title="LDL (BFGS)",
        family="shallow",
        paper="Geng, Label Distribution Learning, TKDE 2016",
        faithful=True,
        departs="Principal components of the features stand in for AAM features, the iterations "
        "are few and of limited memory, and the age is the expectation, not the most probable one.",
        reads="features",
        make=partial(MaximumEntropy, solver="bfgs", iterations=50),
        candidates=({"components": 20}, {"components": 40}, {"components": 80}),
    ),
    "cpnn": Method(
        title="CPNN",
        family="shallow",
        paper=_GENG,
        faithful=True,
        departs="Principal components of the features stand in for AAM features, and the age is "
        "the expectation, not the most probable one.",
        reads="features",
        make=CPNN,
        candidates=({"hidden": 8}, {"hidden": 16}, {"hidden": 32}),
    ),
}

DEEP: Final = {
    "single_label": Method(
        title="Single label (cross-entropy)",
        family="deep",
        paper="Rothe, Timofte and Van Gool, DEX: Deep EXpectation of Apparent Age from a Single "
        "Image, ICCV Workshops 2015",
        faithful=True,
        departs=f"{_FROZEN}.",
        reads="features",
        make=partial(SoftmaxHead, loss="cross_entropy"),
        candidates=({"penalty": 3e-4}, {"penalty": 1e-3}, {"penalty": 3e-3}),
    ),
    "gaussian_label": Method(
        title="Gaussian label (DLDL)",
        family="deep",
        paper="Gao et al., Deep Label Distribution Learning with Label Ambiguity, TIP 2017",
        faithful=True,
        departs=f"{_FROZEN}.",
        reads="features",
        make=partial(SoftmaxHead, loss="gaussian"),
        candidates=({"strength": 1.0}, {"strength": 2.0}, {"strength": 3.0}),
    ),
    "or_cnn": Method(
        title="OR-CNN",
        family="deep",
        paper="Niu et al., Ordinal Regression with Multiple Output CNN for Age Estimation, "
        "CVPR 2016",
        faithful=True,
        departs=f"{_FROZEN}, and the ranks are the ages that occur in training.",
        reads="features",
        make=partial(OrdinalHead, tasks="or_cnn"),
        candidates=({"penalty": 1e-4}, {"penalty": 3e-4}, {"penalty": 1e-3}),
    ),
}

MODERN: Final = {
    "l1": Method(
        title="L1 regression",
        family="modern",
        paper="Paplham and Franc, A Call to Reflect on Evaluation Practices for Age Estimation, "
        "CVPR 2024 (its regression)",
        faithful=True,
        departs=f"{_FROZEN}, and the error is a parabola within half a year.",
        reads="features",
        make=AbsoluteRegression,
        candidates=({"penalty": 1e-3}, {"penalty": 3e-3}, {"penalty": 1e-2}),
    ),
    "dldl_v2": Method(
        title="DLDL-v2",
        family="modern",
        paper="Gao et al., Age Estimation Using Expectation of Label Distribution Learning, "
        "IJCAI 2018",
        faithful=True,
        departs=f"{_FROZEN}.",
        reads="features",
        make=partial(SoftmaxHead, loss="dldl_v2", penalty=1e-2),
        candidates=({"strength": 0.5}, {"strength": 1.0}, {"strength": 2.0}),
    ),
    "mean_variance": Method(
        title="Mean-variance",
        family="modern",
        paper="Pan et al., Mean-Variance Loss for Deep Age Estimation from a Face, CVPR 2018",
        faithful=True,
        departs=f"{_FROZEN}.",
        reads="features",
        make=partial(SoftmaxHead, loss="mean_variance", penalty=1e-2),
        candidates=({"strength": 0.1}, {"strength": 0.2}, {"strength": 0.4}),
    ),
    "sord": Method(
        title="SORD",
        family="modern",
        paper="Diaz and Marathe, Soft Labels for Ordinal Regression, CVPR 2019",
        faithful=True,
        departs=f"{_FROZEN}, the labels fall with the absolute difference of ages, and the age is "
        "the expectation.",
        reads="features",
        make=partial(SoftmaxHead, loss="sord"),
        candidates=({"strength": 0.25}, {"strength": 0.5}, {"strength": 1.0}),
    ),
    "coral": Method(
        title="CORAL",
        family="modern",
        paper="Cao, Mirjalili and Raschka, Rank Consistent Ordinal Regression for Neural Networks "
        "with Application to Age Estimation, Pattern Recognition Letters 2020",
        faithful=True,
        departs=f"{_FROZEN}, and the ranks are the ages that occur in training.",
        reads="features",
        make=partial(OrdinalHead, tasks="coral"),
        candidates=({"penalty": 1e-2}, {"penalty": 3e-2}, {"penalty": 1e-1}),
    ),
    "corn": Method(
        title="CORN",
        family="modern",
        paper="Shi, Cao and Raschka, Deep Neural Networks for Rank-Consistent Ordinal Regression "
        "Based on Conditional Probabilities, Pattern Analysis and Applications 2023",
        faithful=True,
        departs=f"{_FROZEN}, and the ranks are the ages that occur in training.",
        reads="features",
        make=partial(OrdinalHead, tasks="corn"),
        candidates=({"penalty": 1e-5}, {"penalty": 3e-5}, {"penalty": 1e-4}),
    ),
}

ROWS: Final[dict[str, Method]] = {**SHALLOW, **DEEP, **MODERN}
