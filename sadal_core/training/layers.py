"""Layers of a network exchanged for others that do the same in another way."""

from collections.abc import Callable

from torch import nn


def exchange(
    model: nn.Module, fits: Callable[[nn.Module], bool], made_of: Callable[[nn.Module], nn.Module]
) -> None:
    """Put `made_of(layer)` in the place of each layer of `model` that fits, in place."""
    for parent in list(model.modules()):
        for name, layer in parent.named_children():
            if fits(layer):
                setattr(parent, name, made_of(layer))
