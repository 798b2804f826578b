import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from app.batching import MOST, SharedPasses
from app.engine import Engine
from sadal_core.faces.align import align
from sadal_core.faces.detect import Face, MediaPipeFaces
from sadal_core.manifest import BUNDLED_MODEL
from sadal_core.model import Prediction
from sadal_core.pipeline import AgeEstimator
from tests.passes import PATIENCE, Network, asking, crops, read, same, until


def test_who_is_alone_passes_at_once() -> None:
    network = Network(stops=False)
    shared = SharedPasses(network)
    same(shared(crops(7)), read(crops(7)))
    same(shared(crops(8, 9)), read(crops(8, 9)))
    assert network.passes == [[7], [8, 9]]


def test_all_who_wait_share_the_next_pass_and_get_their_own_rows() -> None:
    network = Network()
    shared = SharedPasses(network)
    others = [crops(10, 11), crops(20), crops(30, 31, 32)]
    with asking(shared, network, crops(1), *others) as futures:
        network.go_on()
        for future, asked in zip(futures, [crops(1), *others], strict=True):
            same(future.result(PATIENCE), read(asked))
    assert network.passes == [[1], [10, 11, 20, 30, 31, 32]]


def test_a_pass_has_no_more_faces_than_the_bound_and_nobody_is_overtaken() -> None:
    network = Network()
    shared = SharedPasses(network, most=4)
    large = crops(*range(30, 36))
    others = [crops(10, 11), crops(20, 21, 22), crops(2), large, crops(40)]
    with asking(shared, network, crops(1), *others) as futures:
        network.go_on()
        for future, asked in zip(futures, [crops(1), *others], strict=True):
            same(future.result(PATIENCE), read(asked))
    assert network.passes == [[1], [10, 11], [20, 21, 22, 2], [*range(30, 36)], [40]]
    assert MOST > 1


def test_crops_that_break_a_pass_fail_alone_and_the_others_are_answered() -> None:
    network = Network(refused=(20,))
    shared = SharedPasses(network)
    with asking(shared, network, crops(1), crops(10), crops(20), crops(30)) as futures:
        network.go_on()
        for future, shade in ((futures[1], 10), (futures[3], 30)):
            same(future.result(PATIENCE), read(crops(shade)))
        with pytest.raises(ValueError, match="shade 20"):
            futures[2].result(PATIENCE)
    assert network.passes == [[1], [10, 20, 30], [10], [20], [30]]
    same(shared(crops(5)), read(crops(5)))


def test_an_error_of_the_network_reaches_every_request() -> None:
    network = Network(refused=(1, 10, 20))
    shared = SharedPasses(network)
    with asking(shared, network, crops(1), crops(10), crops(20)) as futures:
        network.go_on()
        for future, shade in zip(futures, (1, 10, 20), strict=True):
            with pytest.raises(ValueError, match=f"shade {shade}$"):
                future.result(PATIENCE)
    assert not shared._waiting


def test_crops_that_do_not_fit_together_pass_one_after_the_other() -> None:
    network = Network()
    shared = SharedPasses(network)
    wide = np.full((1, 6, 6, 3), 50, np.uint8)
    with asking(shared, network, crops(1), wide, crops(10)) as futures:
        network.go_on()
        same(futures[1].result(PATIENCE), read(wide))
        same(futures[2].result(PATIENCE), read(crops(10)))
    assert network.passes == [[1], [50], [10]]


def test_a_thread_that_is_interrupted_in_a_pass_takes_nobody_with_it() -> None:
    interrupted = threading.Event()

    class Interrupted(Network):
        def __call__(self, faces: np.ndarray) -> Prediction:
            made = super().__call__(faces)
            if 10 in self.passes[-1] and not interrupted.is_set():
                interrupted.set()
                raise KeyboardInterrupt
            return made

    network = Interrupted()
    shared = SharedPasses(network)
    with asking(shared, network, crops(1), crops(10), crops(20)) as futures:
        network.go_on()
        ended = [future.exception(PATIENCE) for future in futures]
    # One of the two who shared the pass was running it.
    assert sorted(type(one).__name__ for one in ended[1:]) == ["KeyboardInterrupt", "NoneType"]
    assert ended[0] is None
    other = 20 if ended[1] else 10
    assert network.passes == [[1], [10, 20], [other]]
    assert not shared._waiting
    same(shared(crops(5)), read(crops(5)))


def test_nothing_of_a_request_is_kept_after_its_answer() -> None:
    network = Network()
    shared = SharedPasses(network)
    asked = [crops(1), crops(10), crops(20, 21)]
    gone = [weakref.ref(one) for one in asked]
    with asking(shared, network, *asked) as futures:
        network.go_on()
        made = [future.result(PATIENCE) for future in futures]
    assert [rows_held(one) for one in made] == [{1}, {1}, {2}]
    del asked
    assert [one() for one in gone] == [None] * 3
    assert not shared._waiting


def rows_held(made: Prediction) -> set[int]:
    """Of the arrays that an answer keeps in memory: views keep the whole they are cut from."""
    return {len(array if array.base is None else array.base) for array in made}


def test_many_threads_each_get_their_own_answer() -> None:
    network = Network(stops=False, refused=(13, 113))
    shared = SharedPasses(network)
    start = threading.Barrier(16)

    def visitor(number: int) -> list[bool]:
        start.wait(PATIENCE)
        return [own_answer(shared, 10 * number + turn % 10, 1 + turn % 3) for turn in range(40)]

    with ThreadPoolExecutor(16) as pool:
        assert all(all(answers) for answers in pool.map(visitor, range(16)))
    assert max(len(one) for one in network.passes) <= MOST
    assert not shared._waiting


def own_answer(shared: SharedPasses, shade: int, faces: int) -> bool:
    """Whether the answer is that of the crops, or the error that is due to them."""
    asked = crops(*[shade] * faces)
    try:
        same(shared(asked), read(asked))
    except ValueError as error:
        return str(error) == f"shade {shade}" and shade in (13, 113)
    return shade not in (13, 113)


@pytest.fixture(scope="module")
def bundled() -> AgeEstimator:
    return AgeEstimator.from_folder(BUNDLED_MODEL)


@pytest.fixture(scope="module")
def faces(
    bundled: AgeEstimator, detector: MediaPipeFaces, astronaut: np.ndarray
) -> list[np.ndarray]:
    """The astronaut's face as four requests see it, one and two crops each."""
    (face,) = detector(astronaut)
    spec = bundled.model.spec.crop
    moved = [align(astronaut, face.landmarks + by, spec) for by in (0, 8, -8, 15, 30)]
    return [np.stack(moved[:1]), np.stack(moved[1:3]), np.stack(moved[3:4]), np.stack(moved[4:])]


def test_the_real_network_says_the_same_in_a_shared_pass(
    bundled: AgeEstimator, faces: list[np.ndarray]
) -> None:
    alone = [bundled.model.predict(one) for one in faces]
    network = Network()
    counted: list[int] = []

    def predict(asked: np.ndarray) -> Prediction:
        network(asked)  # stops the first pass, so that the others wait
        counted.append(len(asked))
        return bundled.model.predict(asked)

    with asking(SharedPasses(predict), network, *faces) as futures:
        network.go_on()
        shared = [future.result(PATIENCE) for future in futures]
    assert counted == [1, 4]
    for together, single in zip(shared, alone, strict=True):
        assert isinstance(together, Prediction)
        for one, other in zip(together, single, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    assert not np.allclose(alone[0].ages, alone[2].ages, atol=0.01)


def test_the_page_estimates_with_shared_passes(
    bundled: AgeEstimator, astronaut: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (face,) = bundled.detector(astronaut)
    both = face, moved(face)
    found = AgeEstimator(bundled.model, {}, lambda image: both)
    monkeypatch.setattr(AgeEstimator, "from_folder", lambda folder: found)
    direct = found.estimate(astronaut)
    network = Network()

    def predict(asked: np.ndarray) -> Prediction:
        network(asked)
        return bundled.model.predict(asked)

    found.predict = predict
    engine = Engine(tmp_path)
    with ThreadPoolExecutor(3) as pool:
        estimates = [pool.submit(engine.estimate, astronaut)]
        assert network.entered.wait(PATIENCE)
        estimates += [pool.submit(engine.estimate, astronaut) for _ in range(2)]
        passes = found.predict
        assert isinstance(passes, SharedPasses)
        until(lambda: len(passes._waiting) == 2)
        network.go_on()
        for made in estimates:
            for one, other in zip(made.result(PATIENCE), direct, strict=True):
                assert one.face is other.face
                np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-5)
    assert [len(one) for one in network.passes] == [2, 4]


def moved(face: Face) -> Face:
    """Another face of the same picture."""
    return Face(face.box + 40, face.landmarks + 40, 0.9)
