"""Files that are almost pictures; `benchmarks/fuzz.py` tries many more."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from sadal_core.errors import UnreadableImageError
from sadal_core.faces.image import decode
from tests.mutated import spoiled_pictures, whole_pictures


@pytest.mark.parametrize("number", range(len(whole_pictures())))
def test_the_whole_ones_are_read(number: int) -> None:
    assert decode(whole_pictures()[number]).ndim == 3


@given(spoiled_pictures())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_spoiled_one_is_read_or_refused_in_a_sentence(data: bytes) -> None:
    try:
        picture = decode(data, name="spoiled")
    except UnreadableImageError as refused:
        sentence = str(refused)
    else:
        sentence = "spoiled ."
        assert picture.dtype == np.uint8
        assert picture.shape[2] == 3
        assert picture.size
    assert sentence.startswith("spoiled ")
    assert sentence.endswith(".")
