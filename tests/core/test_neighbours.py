import numpy as np
import pytest
from scipy.spatial.distance import cdist

from sadal_core import neighbours
from sadal_core.neighbours import Index, exactly, is_quick, nearest, recall

K = 15


def clusters(count: int, seed: int) -> np.ndarray:
    """Points around twelve centres, as faces of one age lie; 20 dimensions."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(scale=2, size=(12, 20))
    points = centres[rng.integers(0, 12, count)] + rng.normal(size=(count, 20))
    return points.astype(np.float32)


def test_exact_neighbours_are_those_of_all_distances() -> None:
    space, points = clusters(60, 1), clusters(9, 2)
    order = np.argsort(cdist(points, space), axis=1)
    np.testing.assert_array_equal(nearest(space, 4, points), order[:, :4])
    others = cdist(space, space)
    np.fill_diagonal(others, np.inf)
    np.testing.assert_array_equal(nearest(space, 4), np.argsort(others, axis=1)[:, :4])


def test_recall_is_the_share_that_was_found() -> None:
    exact = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])
    assert recall(exact[:, ::-1], exact) == 1
    assert recall(np.array([[1, 2, 9, 10], [8, 11, 12, 13]]), exact) == (2 / 4 + 1 / 4) / 2


def test_the_way_is_chosen_by_the_number_of_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str] = []

    def noting(name: str) -> None:
        def search(*_: object) -> np.ndarray:
            used.append(name)
            return np.zeros((1, 3), np.int64)

        monkeypatch.setattr(neighbours, name, search)

    noting("exactly")
    noting("approximately")
    monkeypatch.setattr(neighbours, "EXACT_PAIRS", 50 * 40)
    space = clusters(50, 1)
    nearest(space, 3, space[:40])
    nearest(space, 3, space[:41])
    nearest(space[:44], 3)
    nearest(space[:45], 3)
    assert used == ["exactly", "approximately", "exactly", "approximately"]


def test_a_single_point_is_always_searched_exactly() -> None:
    assert is_quick(100_000_000, np.zeros((1, 3), np.float32))


@pytest.fixture(scope="module")
def space() -> np.ndarray:
    """Some points thrice, so that a sample is not its own first neighbour."""
    made = clusters(1500, 1)
    return np.concatenate([made, made[:200], made[:200]])


@pytest.fixture(scope="module")
def index(space: np.ndarray) -> Index:
    return Index(space, K)


@pytest.mark.slow
def test_approximate_neighbours_miss_few_and_are_the_same_again(
    index: Index, space: np.ndarray
) -> None:
    found, exact = index.of_samples(), exactly(space, K)
    assert found.shape == exact.shape
    assert found.dtype == exact.dtype
    assert recall(found, exact) > 0.9
    np.testing.assert_array_equal(Index(space, K).of_samples(), found)
    new = clusters(300, 2)
    asked = index.of(new)
    assert recall(asked, exactly(space, K, new)) > 0.9
    np.testing.assert_array_equal(index.of(new), asked)
    distances = np.take_along_axis(cdist(new, space), asked, axis=1)
    assert (np.diff(distances, axis=1) >= -1e-5).all()  # near to far


@pytest.mark.slow
def test_no_sample_is_its_own_neighbour_and_none_comes_twice(
    index: Index, space: np.ndarray
) -> None:
    found = index.of_samples()
    assert not (found == np.arange(len(space))[:, None]).any()
    assert all(len(set(row)) == K for row in found.tolist())
    assert ((found >= 0) & (found < len(space))).all()


@pytest.mark.slow
def test_where_the_graph_leads_nowhere_all_samples_are_looked_at(
    index: Index, space: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = index._graph.neighbor_graph[0].copy()
    graph[7, 3:] = -1
    lame = type("Graph", (), {"neighbor_graph": (graph, None)})
    lame.query = lambda *_, **__: (np.full((2, K), -1), None)  # pyright: ignore
    monkeypatch.setattr(index, "_graph", lame)
    lost = np.linalg.norm(space[index.of_samples()[7]] - space[7], axis=1)
    wanted = np.linalg.norm(space[exactly(space, K)[7]] - space[7], axis=1)
    np.testing.assert_allclose(lost, wanted, rtol=1e-5)  # copies may stand in for each other
    new = clusters(2, 3)
    np.testing.assert_array_equal(index.of(new), exactly(space, K, new))
