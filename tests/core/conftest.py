"""What the tests of the core share; nothing of `sadal_core` is imported at the top."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sadal_core.model import AgeModel


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> "AgeModel":
    """A model with the registered backbone "tiny", always the same weights."""
    import torch

    from sadal_core.backbones import BACKBONES
    from sadal_core.model import AgeModel
    from tests.planted import TINY

    monkeypatch.setitem(BACKBONES, "tiny", TINY)
    torch.manual_seed(0)
    return AgeModel("tiny").eval()
