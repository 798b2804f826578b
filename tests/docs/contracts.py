"""A plugin of pytest: the recipes are followed, and only what holds for their entries is run."""

import pytest

from tests.docs.blocks import recipe

ENTRIES = {"A backbone": "small", "A ranker": "ridge", "A method of the comparison": "ridge"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """Add the entries, before the contract tests ask what there is."""
    for section in ENTRIES:
        exec(recipe(section), {"__name__": section})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that an entry is a parameter of."""
    items[:] = [item for item in items if parameters(item) & {*ENTRIES.values()}]


def parameters(item: pytest.Item) -> set[str]:
    """The names that a test is run with."""
    values = getattr(getattr(item, "callspec", None), "params", {}).values()
    return {value for value in values if isinstance(value, str)}
