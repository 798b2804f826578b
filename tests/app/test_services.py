import base64
import json
import logging
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app import services as services_module
from app import text
from app.main import build_demo
from app.services import (
    Engine,
    Photo,
    Problem,
    attempt,
    band_of,
    forget_file,
    from_data_url,
    load_services,
    read_upload,
)
from sadal_core.errors import ConfigError, NoFaceError, UnreadableImageError, WeightsError
from sadal_core.gallery.pictures import sheet
from sadal_core.gallery.stored import Gallery, save_gallery
from sadal_core.model import AgeModel
from sadal_core.quadruplets import QuadrupletSampler
from sadal_core.weights import load_manifest, save_model
from tests.app.conftest import emptied, stored
from tests.fakes import MANIFEST, estimate_of, raising, services_for
from tests.pictures import encoded, quadrants
from tests.planted_gallery import TILE, planted_gallery, planted_pictures


def test_an_upload_is_read_and_then_deleted_with_its_folder(
    uploads: Path, upload: dict[str, str]
) -> None:
    face = estimate_of(33)
    photo = read_upload(services_for([face], uploads=uploads), upload)
    assert photo.name == "me.png"
    assert photo.image.shape == (60, 80, 3)
    assert photo.faces == (face,)
    assert emptied(uploads)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"no picture at all", "not a picture"),
        (encoded(quadrants(400, 400), "JPEG")[:2000], "damaged or incomplete"),
        (encoded(np.zeros((1, 40_000_001), np.uint8)), "megapixels"),
    ],
)
def test_an_unusable_upload_is_explained_by_name_and_deleted(
    uploads: Path, content: bytes, words: str
) -> None:
    upload = stored(uploads, "bad.jpg", content)
    with pytest.raises(UnreadableImageError, match=f"bad.jpg.*{words}"):
        read_upload(services_for([estimate_of(30)], uploads=uploads), upload)
    assert emptied(uploads)


def test_a_picture_is_turned_upright_like_on_the_command_line(uploads: Path) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[274] = 6  # the camera was held on its side
    upload = stored(uploads, "side.jpg", encoded(quadrants(48, 64), "JPEG", exif=exif))
    photo = read_upload(services_for([estimate_of(30)], uploads=uploads), upload)
    assert photo.image.shape == (64, 48, 3)


def test_no_face_is_said_with_the_picture_and_a_remedy(
    uploads: Path, upload: dict[str, str]
) -> None:
    with pytest.raises(NoFaceError, match=r"me\.png.*upright"):
        read_upload(services_for([], uploads=uploads), upload)
    assert emptied(uploads)


def test_a_data_url_is_read_without_touching_the_disk() -> None:
    url = "data:image/png;base64," + base64.b64encode(encoded(quadrants())).decode()
    photo = read_upload(services_for([estimate_of(9)]), {"url": url})
    np.testing.assert_array_equal(photo.image, quadrants())


@pytest.mark.parametrize("url", ["data:image/png;base64,????", "data:", "data:image/png;base64,"])
def test_a_broken_data_url_is_an_unreadable_picture(url: str) -> None:
    assert from_data_url(url) == b""
    with pytest.raises(UnreadableImageError, match="empty"):
        read_upload(services_for([estimate_of(9)]), {"url": url})


def test_nothing_sent_is_said() -> None:
    with pytest.raises(UnreadableImageError, match="No picture"):
        read_upload(services_for([]), None)


def test_files_outside_the_upload_folder_are_never_deleted(tmp_path: Path, uploads: Path) -> None:
    kept = tmp_path / "kept.png"
    kept.write_bytes(b"x")
    for path in (kept, uploads / ".." / "kept.png"):
        forget_file(services_for([], uploads=uploads), path)
    forget_file(services_for([]), kept)
    assert kept.exists()


def test_errors_on_purpose_become_their_own_sentence() -> None:
    problem = attempt(raising(NoFaceError("No face in a.png. Use another.")))
    assert problem == Problem("No face found", "No face in a.png. Use another.")


def test_other_errors_become_a_general_sentence_and_are_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        problem = attempt(raising(ZeroDivisionError("internal detail")))
    assert problem == Problem(text.PROBLEM_TITLE, text.UNEXPECTED)
    assert "internal detail" in caplog.text


def test_what_works_is_handed_on() -> None:
    photo = Photo("a", np.zeros((1, 1, 3), np.uint8), ())
    assert attempt(lambda: photo) is photo


@pytest.mark.parametrize(
    ("age", "low"), [(0.0, 0), (9.4, 0), (9.6, 10), (34.0, 30), (80.0, 80), (100.0, 80)]
)
def test_the_band_is_that_of_the_age_as_shown(age: float, low: int) -> None:
    band = band_of(MANIFEST, age)
    assert band is not None
    assert band["low"] == low


def test_an_age_that_was_not_measured_has_no_band() -> None:
    assert band_of({"bands": MANIFEST["bands"][:3]}, 55.0) is None


def test_a_missing_model_is_reported_before_anything_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="does not exist"):
        load_services(tmp_path)


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save_model(AgeModel("resnet18-half"), folder, {**MANIFEST, "sha256": None})
    return folder


def test_damaged_weights_are_reported_before_anything_is_loaded(
    model_folder: Path, tmp_path: Path
) -> None:
    for file in model_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0\0")
    with pytest.raises(WeightsError, match="damaged"):
        load_services(tmp_path)


def test_the_estimator_is_loaded_once_though_many_ask_at_the_same_time(
    model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sadal_core.pipeline import AgeEstimator

    loads = []
    real = AgeEstimator.from_folder

    def counted(folder: Path) -> AgeEstimator:
        loads.append(folder)
        return real(folder)

    monkeypatch.setattr(AgeEstimator, "from_folder", counted)
    engine = Engine(model_folder)
    blank = np.zeros((64, 64, 3), np.uint8)
    threads = [threading.Thread(target=engine.estimate, args=(blank,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == [model_folder]


def test_real_services_find_the_face_in_a_real_photo(
    model_folder: Path, astronaut: np.ndarray
) -> None:
    found = load_services(model_folder)
    found.warm_up()
    (face,) = found.estimate(astronaut)
    assert face.probabilities.shape == (101,)
    assert (
        json.loads((model_folder / "manifest.json").read_text())["bands"]
        == (found.manifest["bands"])
    )


def test_services_do_not_import_torch_before_they_must() -> None:
    import subprocess
    import sys

    code = "import app.serve, app.main, app.theme, sys; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(services_module.__file__).parents[1],
    )  # fmt: skip
    assert done.stdout.strip() == "False"


def gallery_of(model: str, folder: Path) -> Path:
    """A stored gallery that says it is of the weights with this SHA-256."""
    gallery = planted_gallery()
    of_model = replace(gallery, about={**gallery.about, "model": model})
    save_gallery(of_model, sheet(planted_pictures(), tile=TILE), folder)
    return folder


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("nothing", ""), ("missing", "no gallery in"), ("foreign", "another model"),
        ("gallery.npz", "gallery.npz is missing or damaged"), ("about.json", "about.json"),
        ("sheet.webp", "sheet.webp is missing or damaged"),
    ],
)  # fmt: skip
def test_a_gallery_that_cannot_be_shown_is_a_problem_and_the_page_is_there_all_the_same(
    model_folder: Path, tmp_path: Path, harm: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = "f" * 64 if harm == "foreign" else load_manifest(model_folder)["sha256"]
    folder = tmp_path / "nowhere" if harm == "missing" else gallery_of(model, tmp_path / "gallery")
    if "." in harm:
        content = (folder / harm).read_bytes()
        (folder / harm).write_bytes(content[: len(content) // 2])
    found = load_services(model_folder, gallery=folder)
    blocks = build_demo(found).blocks.values()
    parts = {b.elem_id: getattr(b, "value", None) for b in blocks if b.elem_id}
    if harm == "nothing":
        assert isinstance(found.gallery, Gallery)
        assert "sadal-map" in parts
        return
    assert isinstance(found.gallery, Problem)
    assert found.gallery.headline == text.NO_GALLERY
    assert words in found.gallery.sentence
    assert words in caplog.text
    assert "sadal-map" not in parts
    for name in ("sadal-map-problem", "sadal-hard-problem"):
        assert words in str(parts[name])
    assert "sadal-q-l" in parts


def test_without_a_metric_there_is_nothing_to_generate_in(model_folder: Path) -> None:
    engine, gallery = Engine(model_folder), planted_gallery()
    assert engine.generators == ("midpoint",)
    drawn = QuadrupletSampler(gallery.ages, seed=1).epoch(0)
    with pytest.raises(ConfigError, match="has no metric"):
        engine.generate(gallery, drawn, "midpoint")
    with pytest.raises(ConfigError, match="has no metric"):
        engine.standardise(np.zeros((1, 8), np.float32))
