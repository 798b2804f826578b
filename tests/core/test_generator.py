import pytest
import torch
from torch import nn

from sadal_core.embedding import EmbeddingHead
from sadal_core.errors import ConfigError
from sadal_core.generator import GENERATORS, HardNegativeGenerator
from sadal_core.losses import g_hard, g_reg
from sadal_core.quadruplets import Roles


@pytest.fixture
def roles() -> Roles:
    torch.manual_seed(1)
    return Roles(*torch.randn(4, 6, 5))


@pytest.mark.parametrize("kind", GENERATORS)
def test_every_generator_makes_one_negative_of_the_same_length_per_row(
    kind: str, roles: Roles
) -> None:
    generator = HardNegativeGenerator(5, kind=kind, hidden=7)
    both = generator.both(roles)
    assert both.younger.shape == both.older.shape == (6, 5)
    assert both.younger.isfinite().all()
    anchor, positive, younger, older = roles
    torch.testing.assert_close(both.younger, generator(younger, anchor, positive))
    torch.testing.assert_close(both.older, generator(older, positive, anchor))
    order = torch.tensor([3, 0, 5, 1, 2, 4])
    permuted = generator.both(Roles(*(role[order] for role in roles)))
    torch.testing.assert_close(permuted.younger, both.younger[order])
    for size in (0, 1):
        few = generator.both(Roles(*(role[:size] for role in roles)))
        assert few.older.shape == (size, 5)
        torch.testing.assert_close(few.older, both.older[:size])


@pytest.mark.parametrize("kind", ["mlp", "linear"])
def test_learned_generators_look_at_all_three_inputs(kind: str, roles: Roles) -> None:
    inputs = [part.clone().requires_grad_() for part in roles[:3]]
    HardNegativeGenerator(5, kind=kind)(*inputs).square().sum().backward()
    for part in inputs:
        assert part.grad is not None
        assert part.grad.abs().sum() > 0


def test_the_released_generator_is_linear_and_the_default_is_not(roles: Roles) -> None:
    def bend(generator: HardNegativeGenerator) -> float:
        zero = torch.zeros_like(roles.anchor)
        at_zero = generator(zero, zero, zero)
        up = generator(roles.younger, roles.anchor, roles.positive)
        down = generator(-roles.younger, -roles.anchor, -roles.positive)
        return float((up + down - 2 * at_zero).detach().abs().max())

    torch.manual_seed(2)
    assert bend(HardNegativeGenerator(5, kind="linear")) < 1e-5
    assert bend(HardNegativeGenerator(5)) > 1e-3


def test_the_midpoint_lies_between_a_negative_and_what_it_is_held_against_and_has_no_weights(
    roles: Roles,
) -> None:
    generator = HardNegativeGenerator(5, kind="midpoint")
    both = generator.both(roles)
    torch.testing.assert_close(both.younger, (roles.younger + roles.anchor) / 2)
    torch.testing.assert_close(both.older, (roles.older + roles.positive) / 2)
    assert list(generator.parameters()) == []


def test_without_the_adversarial_term_the_best_negative_is_the_weighted_midpoint() -> None:
    torch.manual_seed(3)
    anchor, negative = torch.randn(2, 4, 5, dtype=torch.float64)
    for hard, reg in ((1.0, 1.0), (3.0, 1.0)):
        free = nn.Parameter(torch.randn(4, 5, dtype=torch.float64))
        optimizer = torch.optim.LBFGS([free], max_iter=50, line_search_fn="strong_wolfe")

        def closure() -> torch.Tensor:
            optimizer.zero_grad()  # noqa: B023
            loss = (hard * g_hard(free, anchor) + reg * g_reg(free, negative)).sum()  # noqa: B023
            loss.backward()
            return loss

        optimizer.step(closure)
        expected = (hard * anchor + reg * negative) / (hard + reg)
        torch.testing.assert_close(free.detach(), expected, atol=1e-5, rtol=0)


def test_without_the_adversarial_term_the_linear_generator_learns_the_midpoint() -> None:
    torch.manual_seed(4)
    anchor, positive, negative = torch.randn(3, 24, 3)
    generator = HardNegativeGenerator(3, kind="linear", hidden=6)
    optimizer = torch.optim.Adam(generator.parameters(), lr=0.02)
    before = _off_midpoint(generator, negative, anchor, positive)
    for _ in range(500):
        made = generator(negative, anchor, positive)
        loss = (g_hard(made, anchor) + g_reg(made, negative)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert before > 0.3
    assert _off_midpoint(generator, negative, anchor, positive) < 0.01


def _off_midpoint(generator: nn.Module, negative: torch.Tensor, *rest: torch.Tensor) -> float:
    with torch.no_grad():
        return float((generator(negative, *rest) - (negative + rest[0]) / 2).abs().max())


def test_unknown_kinds_and_widths_are_refused() -> None:
    with pytest.raises(ConfigError, match="Unknown generator 'gan'. Known: mlp, linear, midpoint"):
        HardNegativeGenerator(5, kind="gan")
    with pytest.raises(ConfigError, match="widths of at least 1, got 0"):
        HardNegativeGenerator(0)
    with pytest.raises(ConfigError, match="widths of at least 1, got 5, 0"):
        HardNegativeGenerator(5, hidden=0)
    with pytest.raises(ConfigError, match="lengths of at least 1, got 5, 0"):
        EmbeddingHead(5, 0)


def test_embeddings_have_unit_length_unless_told_otherwise() -> None:
    torch.manual_seed(5)
    features = torch.randn(6, 5)
    head = EmbeddingHead(5, 3)
    plain = features @ head.linear.weight.T + head.linear.bias
    torch.testing.assert_close(head(features), plain / plain.norm(dim=1, keepdim=True))
    head.normalise = False
    torch.testing.assert_close(head(features), plain)
    assert EmbeddingHead(5)(features[:0]).shape == (0, 100)
