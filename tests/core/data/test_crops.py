from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sadal_core.data import found, shards
from sadal_core.data.crops import Crops, prepare
from sadal_core.data.found import main_face
from sadal_core.data.samples import Folder, Sample
from sadal_core.errors import DataError
from sadal_core.faces.align import CropSpec, align
from sadal_core.faces.detect import Face, MediaPipeFaces
from tests.pictures import encoded

SPEC = CropSpec()
SAMPLES = [
    Sample("0.png", 30),
    Sample("1-mirrored.png", 31),
    Sample("2-blank.png", 32),
    Sample("3-text.jpg", 33),
    Sample("4-copy.jpg", 40),
]


@pytest.fixture(autouse=True)
def small_shards_in_this_process(monkeypatch: pytest.MonkeyPatch, detector: MediaPipeFaces) -> None:
    monkeypatch.setattr(shards, "SHARD", 2)
    monkeypatch.setattr(found, "_detector", detector)


@pytest.fixture
def source(tmp_path: Path, astronaut: np.ndarray) -> Folder:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "0.png").write_bytes(encoded(astronaut))
    (folder / "1-mirrored.png").write_bytes(encoded(astronaut[:, ::-1].copy()))
    (folder / "2-blank.png").write_bytes(encoded(np.zeros((60, 60, 3), np.uint8)))
    (folder / "3-text.jpg").write_text("no picture")
    (folder / "4-copy.jpg").write_bytes(encoded(astronaut[20:400, 50:450], "JPEG", quality=70))
    return Folder(folder)


def build(
    source: Folder, folder: Path, samples: list[Sample] = SAMPLES, spec: CropSpec = SPEC
) -> Crops:
    return prepare(source, "csv", samples, folder, spec=spec, workers=1)


def stamps(folder: Path) -> dict[str, int]:
    shards = sorted(folder.rglob("shard-*.npz"))
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in shards}


def test_faces_are_cropped_and_what_has_none_is_listed(
    source: Folder, tmp_path: Path, detector: MediaPipeFaces, astronaut: np.ndarray
) -> None:
    crops = build(source, tmp_path / "cache")
    assert [sample.name for sample in crops.samples] == ["0.png", "1-mirrored.png", "4-copy.jpg"]
    assert crops.missing == ["2-blank.png", "3-text.jpg"]
    assert crops.ages.tolist() == [30, 31, 40]
    expected = align(astronaut, detector(astronaut)[0].landmarks, SPEC)
    np.testing.assert_array_equal(crops.images[0], expected)


def test_a_planted_copy_shares_a_group_and_its_other_age_is_a_conflict(
    source: Folder, tmp_path: Path
) -> None:
    crops = build(source, tmp_path / "cache")
    first, mirrored, copy = crops.groups
    assert first == copy != mirrored
    assert crops.conflicting.tolist() == [True, False, True]
    split = crops.holdout(fraction=0.5, seed=1)
    assert split.train[0] == split.train[2]
    assert not split.validation[[0, 2]].any()


def test_a_second_build_reads_the_cache_and_gives_the_same(source: Folder, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first, before = build(source, cache), stamps(cache)
    assert len(before) == 3 + 2  # of five pictures, of three faces
    for picture in source.path.iterdir():
        picture.unlink()
    second = build(source, cache)
    np.testing.assert_array_equal(first.images, second.images)
    assert first.samples == second.samples
    assert stamps(cache) == before


def test_a_stopped_build_goes_on_with_the_missing_shards_alone(
    source: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build(source, tmp_path / "whole")
    cache, made = tmp_path / "cache", shards._make_shard

    def stopped(make: Any, job: tuple[Path, Any]) -> int:
        if job[0].name == "shard-00001.npz":
            raise KeyboardInterrupt
        return made(make, job)

    monkeypatch.setattr(shards, "_make_shard", stopped)
    with pytest.raises(KeyboardInterrupt):
        build(source, cache)
    before = stamps(cache)
    assert list(before) == ["found/shard-00000.npz"]

    monkeypatch.setattr(shards, "_make_shard", made)
    told: list[tuple[str, int, int]] = []
    prepare(
        source, "csv", SAMPLES, cache, spec=SPEC, workers=1,
        progress=lambda *row: told.append(row),
    )  # fmt: skip
    assert [row for row in told if row[0] == "faces found"] == [
        ("faces found", done, 5) for done in (2, 4, 5)
    ]
    assert [row for row in told if row[0] == "crops"] == [("crops", done, 3) for done in (0, 2, 3)]
    assert stamps(cache).items() >= before.items()
    np.testing.assert_array_equal(build(source, cache).images, whole.images)


@pytest.mark.parametrize("stage", ["found", "crops-112-8"])
@pytest.mark.parametrize("damage", ["cut", "emptied", "overwritten", "foreign"])
def test_a_damaged_shard_is_named_with_the_remedy(
    damage: str, stage: str, source: Folder, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    build(source, cache)
    shard = cache / stage / "shard-00001.npz"
    data = shard.read_bytes()
    if damage == "foreign":
        np.savez(shard, other=np.zeros(3))
    else:
        wrong = {"cut": data[: len(data) // 2], "emptied": b"", "overwritten": b"\1" * len(data)}
        shard.write_bytes(wrong[damage])
    with pytest.raises(DataError, match=r"shard-00001\.npz is damaged\. Delete it and run prepare"):
        build(source, cache)
    shard.unlink()
    assert len(build(source, cache).samples) == 3


@pytest.mark.parametrize("change", ["age", "fewer", "dataset"])
def test_a_cache_of_something_else_is_built_anew(
    change: str, source: Folder, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    build(source, cache)
    before = stamps(cache)
    samples, dataset = list(SAMPLES), "csv"
    if change == "age":
        samples[0] = replace(samples[0], age=55)
    elif change == "fewer":
        samples = samples[:2]
    else:
        dataset = "fgnet"
    crops = prepare(source, dataset, samples, cache, spec=SPEC, workers=1)
    after = stamps(cache)
    assert all(after[name] != before[name] for name in after)
    assert crops.ages[0] == samples[0].age


def test_crops_of_another_size_are_cut_without_searching_again(
    source: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, larger = tmp_path / "cache", CropSpec(size=160, margin=12)
    small, before = build(source, cache), stamps(cache)
    monkeypatch.setattr(found, "_detector", lambda image: pytest.fail("searched again"))
    large = build(source, cache, spec=larger)
    assert large.images.shape[1] == 184
    assert large.samples == small.samples
    assert large.groups.tolist() == small.groups.tolist()
    assert stamps(cache).items() >= before.items()


def test_a_shard_that_fails_half_way_leaves_no_file(
    source: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"

    def full_disk(file: object, **arrays: np.ndarray) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shards.np, "savez", full_disk)
    with pytest.raises(DataError, match=r"shard-00000.npz cannot be written \(No space left"):
        build(source, cache)
    assert [path.name for path in cache.rglob("*.*")] == ["about.json"]


def test_a_data_set_without_any_face_is_refused(source: Folder, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No face was found in any picture of the data set csv"):
        build(source, tmp_path / "cache", SAMPLES[2:4])


def test_a_picture_that_the_labels_name_but_the_folder_lacks_is_named(
    source: Folder, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"lost\.jpg cannot be read \(No such file"):
        build(source, tmp_path / "cache", [Sample("lost.jpg", 3)])


def test_a_folder_that_cannot_be_made_is_named(source: Folder, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="about.json cannot be written .* Choose another folder"):
        build(source, tmp_path / "file" / "cache")


@pytest.mark.slow
def test_worker_processes_make_the_same_crops(source: Folder, tmp_path: Path) -> None:
    here = build(source, tmp_path / "one")
    there = prepare(source, "csv", SAMPLES, tmp_path / "two", spec=SPEC, workers=2)
    np.testing.assert_array_equal(here.images, there.images)
    assert here.samples == there.samples


def _face(x: float, y: float, side: float) -> Face:
    box = np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2])
    return Face(box, np.tile([x, y], (5, 1)).astype(float), 1.0)


def test_the_labelled_person_is_the_most_central_of_the_large_faces() -> None:
    assert main_face((), 100, 100) is None
    large, central, tiny = _face(20, 50, 40), _face(55, 50, 30), _face(50, 50, 10)
    assert main_face((large, central, tiny), 100, 100) is central
    assert main_face((large, tiny), 100, 100) is large
