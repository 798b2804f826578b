"""Every kind of step by two processes against the same step by one.

What one process does with the whole batch is the reference: gradients as the optimizer gets them,
the statistics of batch normalisation, and the terms that are reported.
"""

import pytest
import torch

from tests.distributed.several import torchrun
from tests.distributed.steps import AGES, METRICS, Made, steps

RELATIVE, ABSOLUTE = 1e-4, 1e-6  # float32; what is summed in another order is rounded otherwise
BFLOAT16 = 0.02  # of the largest gradient; a unit in the last place is 0.8 %


@pytest.fixture(scope="module")
def one() -> Made:
    return steps()


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Made]:
    folder = tmp_path_factory.mktemp("two")
    ended = torchrun("-m", "tests.distributed.steps", str(folder))
    assert ended.returncode == 0, ended.stderr
    first, second = (torch.load(folder / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    return first, second


@pytest.mark.parametrize("kind", [*AGES, *METRICS])
def test_two_processes_make_the_step_of_one(kind: str, one: Made, two: tuple[Made, Made]) -> None:
    whole, shared = one[kind], two[0][kind]
    assert whole.keys() == shared.keys()
    largest = max(float(value.abs().max()) for name, value in whole.items() if "weight" in name)
    least = BFLOAT16 * largest if "bfloat16" in kind else ABSOLUTE
    for name, value in whole.items():
        torch.testing.assert_close(shared[name], value, rtol=RELATIVE, atol=least, msg=name)


@pytest.mark.parametrize("kind", [*AGES, *METRICS])
def test_both_processes_end_a_step_with_the_same_bits(kind: str, two: tuple[Made, Made]) -> None:
    first, second = (made[kind] for made in two)
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_the_kinds_of_step_differ(one: Made) -> None:
    """Or the comparison would show nothing."""
    heads = [one[kind]["head.linear.weight"] for kind in ("metric", "real negatives", "joint")]
    assert not torch.allclose(heads[0], heads[1])
    assert not torch.allclose(heads[0], heads[2])
    assert "head.linear.weight" not in one["generator"]
    assert "backbone.first.0.weight" not in one["age, first stage frozen"]
    assert bool(one["tuned"]["backbone.first.0.weight"].any())
