r"""One step of improved iterative scaling (IIS) for label distributions.

Letters: N samples, A ages, K features g_k(x).
"""

import math
from typing import Final

import numpy as np
from jaxtyping import Float
from numpy.polynomial.polynomial import polyder, polyval

Features = Float[np.ndarray, "samples features"]
Distributions = Float[np.ndarray, "samples ages"]
Parameters = Float[np.ndarray, "ages features"]

_TERMS: Final = 9  # of the power series: exact to 1e-5 up to 1
_NEWTON_STEPS: Final = 4
_TINY: Final = 1e-200  # below every slope that counts; dividing by it does not overflow


def power_terms(features: Features) -> Float[np.ndarray, "terms samples features"]:
    r"""Terms of :math:`g_k \exp(t\, s(g_k)\, g^\# / \max g^\#)` as a power series in t."""
    norms = _norms(features)
    signed = np.sign(features) * norms / norms.max()  # NK, N1 -> NK, from -1 to 1
    return np.stack([features * signed**n / math.factorial(n) for n in range(_TERMS)])


def scaling_step(
    features: Features, labels: Distributions, p: Distributions, terms: np.ndarray
) -> Parameters:
    r"""Changes delta of all parameters theta that solve the equations of IIS.

    .. math:: \sum_i p(y_j|x_i) g_k(x_i) \exp(\delta_{jk}\, s(g_k(x_i))\, g^\#(x_i))
        = \sum_i P(y_j|x_i) g_k(x_i), \qquad g^\#(x) = \sum_k |g_k(x)|

    with s the sign. Each holds one unknown and is solved by Newton's method. Its exponential is
    taken as the power series, which turns the sums over samples into matrix products, once for
    all of Newton's steps.

    Departs: a delta is cut to at most 1 over the largest g#, within which the series is exact. A
    shorter step towards the solution raises the likelihood too, since the bound that it maximises
    is concave.

    Args:
        features: g; not all 0.
        labels: P, the label distributions.
        p: distributions under the parameters so far.
        terms: `power_terms` of the features, the same in every step.

    Reference: Geng, Yin and Zhou, "Facial Age Estimation by Learning from Label Distributions",
    TPAMI 2013.
    """
    series = p.T @ terms  # AN, TNK -> TAK
    return _root(series, wanted=labels.T @ features) / _norms(features).max()


def _norms(features: Features) -> Float[np.ndarray, "samples 1"]:
    return np.abs(features).sum(axis=1, keepdims=True)


def _root(series: Float[np.ndarray, "terms ages features"], *, wanted: Parameters) -> Parameters:
    """Where each power series, which rises, has the wanted value; cut to -1 to 1."""
    slopes = polyder(series)
    root = np.zeros_like(wanted)
    for _ in range(_NEWTON_STEPS):
        missing = wanted - polyval(root, series, tensor=False)
        slope = np.maximum(polyval(root, slopes, tensor=False), _TINY)
        root = np.clip(root + missing / slope, -1, 1)
    return root
