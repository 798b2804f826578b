"""The published formulas in plain Python: one number at a time, no torch, no numpy.

Transcribed from the method's sources (the slides' equations, the readings of the released code),
never from `sadal_core`: slow and literal on purpose, to test the fast versions against.
"""

from collections.abc import Callable, Sequence
from math import exp, log, sqrt

Vector = list[float]


# --- Q ---------------------------------------------------------------------------------------


def q_slide(y_m: float, y_n: float, L: float, eps: float, C: float | None = None) -> float:
    if C is None:
        C = 1 - log(1 + L / eps) / L
    if abs(y_m - y_n) <= L:
        return (1 / L) * log(1 + abs(y_n - y_m) / eps)
    return abs(y_n - y_m) / L - C


def wing(x: float, w: float, eps: float) -> float:
    """Wing loss: w ln(1 + |x| / eps) below w, |x| - C above, C = w - w ln(1 + w / eps)."""
    if abs(x) <= w:
        return w * log(1 + abs(x) / eps)
    return abs(x) - (w - w * log(1 + w / eps))


def q_wing_norm(y_m: float, y_n: float, L: float, eps: float) -> float:
    return wing(y_m - y_n, L, eps) / wing(L, L, eps)


def q_code_literal(y_m: float, y_n: float, L: float, eps: float) -> float:
    """As released: C is computed from the gap itself, and above L the raw value at 69 divides."""
    gap = abs(y_m - y_n)
    if gap <= L:
        return log(1 + gap / eps) / log(1 + L / eps)
    raw = gap - (L - L * log(1 + gap / eps))
    raw_69 = 69 - (L - L * log(1 + 69 / eps))
    return raw / raw_69


# --- G and D ---------------------------------------------------------------------------------


def d(a: Vector, b: Vector) -> float:
    """Squared Euclidean distance."""
    return sum((u - v) ** 2 for u, v in zip(a, b, strict=True))


def adv_one_minus_q(d_ik: float, q_ik: float, tau: float) -> float:
    return max(0.0, d_ik * (1 - min(q_ik, 1)) - tau) ** 2


def adv_printed(d_ik: float, q_ik: float, tau: float) -> float:
    return max(0.0, d_ik * (-q_ik) - tau) ** 2


def adv_daml(d_ik: float, d_ij: float, alpha: float) -> float:
    return max(0.0, d_ik - d_ij - alpha)


def hinge_on_distance(d_ik: float, q_ik: float, tau: float, power: int = 2) -> float:
    return max(0.0, tau - d_ik * q_ik) ** power


def hinge_on_margin(d_ik: float, q_ik: float, tau: float, power: int = 2) -> float:
    return max(0.0, tau * q_ik - d_ik) ** power


def pull(d_ij: float, power: int = 2) -> float:
    return max(0.0, d_ij) ** power


def generator_objective(
    x: dict[str, Vector],
    f: dict[str, Vector],
    q: dict[str, float],
    adv: str,
    tau: float,
    alpha: float,
) -> tuple[float, float, float]:
    """G_hard, G_reg and G_adv of one quadruplet: i with k, and j with l.

    x: features of i, j, k, l and of the generated gk, gl; f: their embeddings; q: Q of ik and jl.
    """
    hard = d(x["gk"], x["i"]) + d(x["gl"], x["j"])
    reg = d(x["gk"], x["k"]) + d(x["gl"], x["l"])
    d_ik, d_jl, d_ij = d(f["i"], f["gk"]), d(f["j"], f["gl"]), d(f["i"], f["j"])
    both = {
        "one_minus_q": adv_one_minus_q(d_ik, q["ik"], tau) + adv_one_minus_q(d_jl, q["jl"], tau),
        "printed": adv_printed(d_ik, q["ik"], tau) + adv_printed(d_jl, q["jl"], tau),
        "daml": adv_daml(d_ik, d_ij, alpha) + adv_daml(d_jl, d_ij, alpha),
    }
    return hard, reg, both[adv]


def metric_objective(
    f: dict[str, Vector], q: dict[str, float], q_on: str, tau: float
) -> tuple[float, float, float]:
    """D of one quadruplet: hinges on the generated negatives, on the real ones, and the pull."""
    hinge = {"distance": hinge_on_distance, "margin": hinge_on_margin}[q_on]
    synthetic = hinge(d(f["i"], f["gk"]), q["ik"], tau) + hinge(d(f["j"], f["gl"]), q["jl"], tau)
    real = hinge(d(f["i"], f["k"]), q["ik"], tau) + hinge(d(f["j"], f["l"]), q["jl"], tau)
    return synthetic, real, pull(d(f["i"], f["j"]))


def unit(a: Vector) -> Vector:
    length = sqrt(sum(u * u for u in a))
    return [u / length for u in a]


def pair_terms(
    a: list[Vector],
    ages: Sequence[float],
    b: list[Vector],
    ages_b: Sequence[float],
    *,
    same: bool,
    hinge: Callable[[float, float], float],
) -> tuple[list[float], list[float]]:
    """Pulls of all positive pairs and hinges of all negative pairs, of d and the age gap."""
    pulls, hinges = [], []
    for m, (u, age_u) in enumerate(zip(a, ages, strict=True)):
        for n, (v, age_v) in enumerate(zip(b, ages_b, strict=True)):
            if same and m == n:
                continue
            distance = d(unit(u), unit(v))
            if age_u == age_v:
                pulls.append(pull(distance))
            else:
                hinges.append(hinge(distance, abs(age_u - age_v)))
    return pulls, hinges


# --- detectors -------------------------------------------------------------------------------


def effective_rank(singular_values: Vector) -> float:
    """exp of the entropy of the singular values, normalised to sum to one."""
    total = sum(singular_values)
    shares = [s / total for s in singular_values if s > 0]
    return exp(-sum(p * log(p) for p in shares))


def violations(embeddings: list[Vector], ages: list[int]) -> float:
    """Share of all triplets of different samples whose smaller gap is not strictly nearer."""
    counted = broken = 0
    everyone = range(len(ages))
    for a in everyone:
        for b in everyone:
            for c in everyone:
                if len({a, b, c}) < 3 or abs(ages[a] - ages[b]) >= abs(ages[a] - ages[c]):
                    continue
                counted += 1
                broken += d(embeddings[a], embeddings[b]) >= d(embeddings[a], embeddings[c])
    return broken / counted
