"""The rows of this family in the comparison."""

from functools import partial
from typing import Final

from sadal_core.methods.method import Method
from sadal_core.methods.pixels.ca_svr import CASVR
from sadal_core.methods.pixels.local_features import LocalBinaryRanker
from sadal_core.methods.pixels.prepared import Prepared, unit_length
from sadal_core.methods.pixels.rank_layer import CategoryRankLayers, RankLayer
from sadal_core.methods.pixels.reduction import Reduction
from sadal_core.rankers import KNNRanker, OHRanker

_ITERATIONS = 60  # of L-BFGS: 400 move the error by less than 0.1 years on average
_LBFL = (
    'Lu, Liong and Zhou, "Cost-Sensitive Local Binary Feature Learning for Facial Age '
    'Estimation", TIP 2015'
)
_DEEPRANK = (
    'Yang, Lin, Chang and Chen, "Automatic Age Estimation from Face Images via Deep Ranking", '
    "BMVC 2015"
)
_OHRANK = (
    'Chang, Chen and Hung, "Ordinal Hyperplanes Ranker with Cost Sensitivities for Age '
    'Estimation", CVPR 2011'
)
_VGGFACE = 'Parkhi, Vedaldi and Zisserman, "Deep Face Recognition", BMVC 2015'
_FEATURES = (
    "The features are those of a network for face recognition of today that never saw an age, "
    "where the comparison of SADAL's authors has VGG-Face"
)


def hyperplanes(weight: float) -> OHRanker:
    """An unfitted OHRanker."""
    return OHRanker(C=weight, iterations=_ITERATIONS)


def bounding_hyperplanes(weight: float) -> OHRanker:
    """An unfitted OHRanker with the costs that bound the squared error."""
    return OHRanker(C=weight, iterations=_ITERATIONS, power=2.0)


ROWS: Final[dict[str, Method]] = {
    "bif_knn": Method(
        title="BIF + KNN",
        family="classic",
        paper='Guo, Mu, Fu and Huang, "Human Age Estimation Using Bio-inspired Features", CVPR '
        "2009",
        faithful=True,
        departs="The ages are read by nearest neighbours on principal components, as in the "
        "comparison of SADAL's authors, and the features have 4 rotations.",
        reads="bif",
        make=partial(Prepared, Reduction, KNNRanker),
        candidates=tuple({"setting": count} for count in (5, 15, 40)),
    ),
    "ohranker": Method(
        title="OHRanker",
        family="classic",
        paper=_OHRANK,
        faithful=True,
        departs="Linear hyperplanes with the squared hinge on features of a network, where the "
        "paper has a kernel, the plain hinge and features of an appearance model.",
        reads="features",
        make=partial(Prepared, unit_length, hyperplanes),
        candidates=tuple({"setting": weight} for weight in (10.0, 100.0, 1000.0)),
    ),
    "ca_svr": Method(
        title="CA-SVR",
        family="classic",
        paper='Chen, Gong, Xiang and Loy, "Cumulative Attribute Space for Age and Crowd Density '
        'Estimation", CVPR 2013',
        faithful=True,
        departs="Features of a network, where the paper has an appearance model, and the ages are "
        "learned from at most 4,000 estimated attribute vectors.",
        reads="features",
        make=CASVR,
        candidates=tuple({"penalty": penalty} for penalty in (0.01, 0.1, 1.0)),
    ),
    "cs_lbfl": Method(
        title="CS-LBFL",
        family="classic",
        paper=_LBFL,
        faithful=False,
        departs="Made after the abstract: a relaxed objective with one solution by eigenvectors, "
        "learned from at most 1,000 faces.",
        reads="pixels",
        make=partial(LocalBinaryRanker, scales=(1,)),
        candidates=tuple({"C": weight} for weight in (10.0, 100.0, 1000.0)),
    ),
    "cs_lbmfl": Method(
        title="CS-LBMFL",
        family="classic",
        paper=_LBFL,
        faithful=False,
        departs="As CS-LBFL, and patches of three scales share one set of hash functions, where "
        "the paper has a set for each.",
        reads="pixels",
        make=partial(LocalBinaryRanker, scales=(1, 2, 3)),
        candidates=tuple({"C": weight} for weight in (10.0, 100.0, 1000.0)),
    ),
    "csohr": Method(
        title="CSOHR",
        family="classic",
        paper='Chang and Chen, "A Learning Framework for Age Rank Estimation Based on Face Images '
        'With Scattering Transform", TIP 2015',
        faithful=False,
        departs="Made after the abstract: costs after Lin and Li (2012) that bound the squared "
        "error; linear hyperplanes with the squared hinge on principal components, and a "
        "scattering of 4 directions.",
        reads="scattering",
        make=partial(Prepared, Reduction, bounding_hyperplanes),
        candidates=tuple({"setting": weight} for weight in (10.0, 100.0, 1000.0)),
    ),
    "deeprank": Method(
        title="DeepRank",
        family="deep",
        paper=_DEEPRANK,
        faithful=True,
        departs="The scattering has 4 directions, and the last layer is learned alone, by L-BFGS.",
        reads="scattering",
        make=partial(Prepared, Reduction, RankLayer),
        candidates=tuple({"setting": penalty} for penalty in (1e-6, 1e-5, 1e-4)),
    ),
    "deeprank_plus": Method(
        title="DeepRank+",
        family="deep",
        paper=_DEEPRANK,
        faithful=False,
        departs="The categories are found by k-means, where the paper has known groups.",
        reads="scattering",
        make=CategoryRankLayers,
        candidates=tuple({"penalty": penalty} for penalty in (1e-6, 1e-5, 1e-4)),
    ),
    "unsupervised_knn": Method(
        title="Unsupervised features + KNN",
        family="deep",
        paper=_VGGFACE,
        faithful=False,
        departs=f"{_FEATURES}.",
        reads="identity",
        make=partial(Prepared, unit_length, KNNRanker),
        candidates=tuple({"setting": count} for count in (5, 15, 40)),
    ),
    "unsupervised_ohranker": Method(
        title="Unsupervised features + OHRanker",
        family="deep",
        paper=f"{_VGGFACE}; {_OHRANK}",
        faithful=False,
        departs=f"{_FEATURES}, and the hyperplanes are linear.",
        reads="identity",
        make=partial(Prepared, unit_length, hyperplanes),
        candidates=tuple({"setting": weight} for weight in (10.0, 100.0, 1000.0)),
    ),
}
