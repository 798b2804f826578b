import base64
import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from app import map_text as text
from app.engine import Engine
from app.generated import Wanted, compared, drawn_quadruplet, hard_table
from app.main import build_demo
from app.palette import ORANGE
from app.services import Services
from app.tabs.hard_negatives import answers
from sadal_core.backbones import BACKBONES
from sadal_core.errors import ConfigError, DataError, WeightsError
from sadal_core.gallery.stored import Gallery
from sadal_core.generator import HardNegativeGenerator
from sadal_core.generator_file import save_generator
from sadal_core.hard_negatives import HardNegatives, hard_negatives
from sadal_core.manifest import generator_path, load_manifest
from sadal_core.metric import MetricModel
from sadal_core.model import AgeModel
from sadal_core.quadruplets import Quadruplets
from sadal_core.weights import save_model
from tests.fakes import MANIFEST, services_for
from tests.planted import TINY
from tests.planted_gallery import CONFIG, DIM, FEATURES, stored_gallery

KINDS = {"mlp": "MLP, trained with the metric", "linear": "linear, as released",
         "midpoint": "midpoint"}  # fmt: skip
OBJECTIVE = CONFIG.objective
WANTED = Wanted(age=40, younger=25, older=60, draw=2)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    return stored_gallery(tmp_path_factory.mktemp("gallery"))


def metric_of(features: int = FEATURES) -> MetricModel:
    torch.manual_seed(4)
    metric = MetricModel(features, dim=DIM, generator="mlp", hidden=8).eval()
    metric.standardise_to(3 * torch.randn(9, features) + 1)
    return metric


def generators_of(features: int = FEATURES) -> dict[str, HardNegativeGenerator]:
    own = metric_of(features).generator
    assert own is not None
    others = {k: HardNegativeGenerator(features, kind=k, hidden=8) for k in ("linear", "midpoint")}
    return {"mlp": own, **others}


def made_by(gallery: Gallery, quadruplets: Quadruplets, kind: str) -> HardNegatives:
    features = torch.from_numpy(gallery.features)
    width = features.shape[1]
    made = generators_of(width)[kind], metric_of(width).head
    return hard_negatives(*made, features, gallery.ages, quadruplets, OBJECTIVE)


@pytest.fixture(scope="module")
def services(gallery: Gallery) -> Services:
    """With a metric and three generators that answer as an `Engine` would."""
    return replace(
        services_for([]), gallery=gallery, generate=made_by, generators=("linear", "midpoint")
    )


def stored(gallery: Gallery) -> Quadruplets:
    """All quadruplets of the gallery, from its table row by row."""
    table, total = gallery.negatives, gallery.generated // 2
    rows = [
        (table["anchor"][n], table["positive"][n], table["source"][n], table["source"][n + total])
        for n in range(total)
    ]
    return Quadruplets(*np.array(rows, np.int64).T)


def parts(services: Services) -> dict[str, Any]:
    return {b.elem_id: b for b in build_demo(services).blocks.values() if b.elem_id}


def handlers(services: Services) -> dict[str, list[Callable[..., dict[Any, Any]]]]:
    found: dict[str, list[Any]] = {}
    for f in build_demo(services).fns.values():
        if f.fn is not None and f.fn.__module__ == "app.tabs.hard_negatives":
            found.setdefault(str(f.name), []).append(f.fn)
    return found


def by_name(update: dict[Any, Any]) -> dict[str, Any]:
    return {getattr(part, "elem_id", None) or "draw": value for part, value in update.items()}


def files(links: str) -> dict[str, bytes]:
    """What each link of a view saves, by the name of the file."""
    found = re.findall(r'download="([^"]*)" href="data:[^;]*;base64,([^"]*)"', links)
    return {name: base64.b64decode(content) for name, content in found}


def test_the_page_starts_with_ages_that_a_quadruplet_can_have(services: Services) -> None:
    page = parts(services)
    ages = [page[f"sadal-hard-{name}"].value for name in ("age", "younger", "older")]
    assert ages == [30, 20, 40]
    assert page["sadal-hard-generator"].choices == [(label, kind) for kind, label in KINDS.items()]
    assert page["sadal-hard-generator"].value == "mlp"
    assert "sadal-hard-problem" not in page


def test_without_a_gallery_the_reason_is_said() -> None:
    page = parts(services_for([]))
    assert "sadal-hard-age" not in page
    assert "There is no map to show." in page["sadal-hard-problem"].value


def test_the_own_generator_comes_first_and_is_not_there_twice(services: Services) -> None:
    assert answers.generators(services) == KINDS
    own_linear = replace(
        services,
        manifest={**MANIFEST, "parts": {"metric": {"generator": "linear"}}},
        generators=("mlp", "linear", "midpoint"),
    )
    assert answers.generators(own_linear) == {
        "linear": "LINEAR, trained with the metric", "mlp": "MLP, trained alone",
        "midpoint": "midpoint",
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_one_quadruplet_is_told_in_the_numbers_of_the_core(
    services: Services, gallery: Gallery, kind: str
) -> None:
    wanted = replace(WANTED, generator=kind)
    answer = answers.one(services, gallery, wanted)
    drawn = drawn_quadruplet(gallery, wanted)
    made = made_by(gallery, drawn, kind)
    (body,) = re.findall(r"<tbody>(.*?)</tbody>", answer.words)
    heads = re.findall(r'<th scope="col">([^<]*)</th>', answer.words)
    for n, row in enumerate(re.findall(r"<tr>(.*?)</tr>", body)):
        cells = dict(zip(heads, re.findall(r"<td>([^<]*)</td>", row), strict=True))
        assert cells["negative (years)"] == str([25, 60][n])
        numbers = {"Q": made.q, "real": made.distance_before, "generated": made.distance_after,
                   "demanded": made.demanded, "off midpoint": made.midpoint_residual}  # fmt: skip
        for name, column in numbers.items():
            assert cells[name] == f"{column[n]:.2f}"
        assert (cells["D"] == "acts", cells["G_adv"] == "acts") == (
            made.metric_active[n], made.adversary_active[n]
        )  # fmt: skip
    far = np.linalg.norm(gallery.embeddings[None] - made.embeddings[:, None], axis=2)
    near = gallery.ages[far.argmin(axis=1)]
    captions = re.findall(r"<figcaption>([^<]*)</figcaption>", answer.words)
    assert captions == [
        "anchor, 40 years", "positive, 40 years", "younger, 25 years", "older, 60 years",
        f"generated from 25 years (nearest real: {near[0]})",
        f"generated from 60 years (nearest real: {near[1]})",
    ]  # fmt: skip
    cloud, _, two = answer.plane.data
    assert (len(cloud.x), list(two.text)) == (64, ["from 25 years", "from 60 years"])
    x = {name: gallery.features[getattr(made, name)] for name in ("anchor", "source")}
    segment, there = x["source"] - x["anchor"], made.features - x["anchor"]
    along = (there * segment).sum(axis=1) / (segment**2).sum(axis=1)
    np.testing.assert_allclose(two.x, along, rtol=1e-4)
    assert two.marker.color == ORANGE


@pytest.mark.parametrize("kind", KINDS)
def test_all_stored_quadruplets_are_told_hardest_first(
    services: Services, gallery: Gallery, kind: str
) -> None:
    answer = answers.many(services, gallery, kind)
    made = made_by(gallery, stored(gallery), kind)
    np.testing.assert_array_equal(made.anchor, gallery.negatives["anchor"])
    np.testing.assert_array_equal(made.source, gallery.negatives["source"])
    table = hard_table(gallery, made.table())
    assert answer.table["row"].tolist() == table["row"].tolist()
    hard = made.demanded - made.distance_after
    assert answer.table["row"].tolist() == np.argsort(-hard, kind="stable").tolist()
    np.testing.assert_allclose(answer.table["hardness"], np.sort(hard)[::-1], atol=6e-4)
    real, generated, _ = answer.gaps.data
    first = np.abs(made.anchor_age - made.source_age) // 5 == 1
    assert real.y[0] == pytest.approx(np.median(made.distance_before[first]))
    assert generated.y[0] == pytest.approx(np.median(made.distance_after[first]))
    saved = files(answer.saves)
    assert set(saved) == {f"hard-negatives-{kind}.csv", f"hard-negatives-{kind}.parquet"}
    read = pd.read_parquet(io.BytesIO(saved[f"hard-negatives-{kind}.parquet"]))
    pd.testing.assert_frame_equal(read, table, check_dtype=False)
    csv = pd.read_csv(io.BytesIO(saved[f"hard-negatives-{kind}.csv"]))
    pd.testing.assert_frame_equal(csv, table, check_dtype=False, rtol=1e-6)


def test_the_files_hold_more_rows_than_are_shown(tmp_path: Path, services: Services) -> None:
    large = stored_gallery(tmp_path, count=400)
    answer = answers.many(services, large, "midpoint")
    csv = files(answer.saves)["hard-negatives-midpoint.csv"]
    assert len(answer.table) == 500 < len(pd.read_csv(io.BytesIO(csv))) == large.generated


def test_generators_are_compared_over_the_same_quadruplets(
    services: Services, gallery: Gallery
) -> None:
    boxes, table, problems = answers.comparison(services, gallery, KINDS)
    assert problems == ""
    made = {label: made_by(gallery, stored(gallery), kind) for kind, label in KINDS.items()}
    pd.testing.assert_frame_equal(table, compared(made).round(3))
    assert table["generator"].tolist() == list(KINDS.values())
    assert table["along"].tolist()[2] == 0.5
    named = {trace.name: trace.x for trace in boxes.data}
    assert list(named) == [text.REAL, *KINDS.values()]
    np.testing.assert_array_equal(named[text.REAL], made["midpoint"].distance_before)
    for label, rows in made.items():
        np.testing.assert_array_equal(named[label], rows.distance_after)


@pytest.mark.parametrize(
    ("ages", "words"),
    [((40, 45, 60), "must be younger"), ((41, 20, 60), "0 samples of 41"), ((20, 5, 60), "of 5 ")],
)
def test_impossible_ages_are_refused_in_words_and_nothing_else_changes(
    services: Services, gallery: Gallery, ages: tuple[int, int, int], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        answers.one(services, gallery, Wanted(*ages))
    answer = by_name(handlers(services)["described"][0](*ages, "mlp", 0))
    assert list(answer) == ["sadal-hard-detail"]
    assert text.NOT_DRAWN in answer["sadal-hard-detail"]
    assert words in answer["sadal-hard-detail"]


def test_the_page_is_filled_when_it_is_opened_and_draws_again(
    services: Services, gallery: Gallery
) -> None:
    found = handlers(services)
    opened = by_name(found["opened"][0](40, 25, 60, "linear", 2))
    assert opened["sadal-hard-detail"] == (
        answers.one(services, gallery, replace(WANTED, generator="linear")).words
    )
    assert {"sadal-plane", "sadal-hard-gaps", "sadal-boxes"} < set(opened)
    pd.testing.assert_frame_equal(
        opened["sadal-hard-table"], answers.many(services, gallery, "linear").table
    )
    again = by_name(found["drawn_again"][0](40, 25, 60, "linear", 2))
    assert again["draw"] == 3
    assert again["sadal-hard-detail"] != opened["sadal-hard-detail"]


def test_without_networks_that_is_said(gallery: Gallery) -> None:
    bare = replace(services_for([]), gallery=gallery)
    with pytest.raises(ConfigError, match="no generator here"):
        answers.many(bare, gallery, "mlp")
    answer = by_name(handlers(bare)["described"][0](40, 25, 60, "mlp", 0))
    assert "There is no generator here." in answer["sadal-hard-detail"]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Of a model folder with the metric of `metric_of`, for the features of a tiny backbone."""
    monkeypatch.setitem(BACKBONES, "tiny", TINY)
    model = AgeModel("tiny")
    model.metric = metric_of(8)
    save_model(model, tmp_path, {**MANIFEST, "backbone": "tiny", "sha256": None})
    return Engine(tmp_path)


def test_an_engine_makes_what_the_core_makes_of_the_same_model(
    engine: Engine, gallery: Gallery
) -> None:
    narrow = replace(gallery, features=gallery.features[:, :8])
    path, linear = generator_path(engine.folder, "linear"), generators_of(8)["linear"]
    assert engine.generators == ("midpoint",)
    about = {"model": load_manifest(engine.folder)["sha256"]}
    save_generator(path, linear, features=8, hidden=8, about=about)
    assert engine.generators == ("linear", "midpoint")
    for kind in KINDS:
        made = engine.generate(narrow, stored(narrow), kind)
        expected = made_by(narrow, stored(narrow), kind)
        np.testing.assert_array_equal(made.features, expected.features)
        for name, column in expected.table().items():
            np.testing.assert_array_equal(made.table()[name], column)
    metric = metric_of(8)
    x = (narrow.features - metric.mean.numpy()) * metric.scale.numpy()
    np.testing.assert_allclose(engine.standardise(narrow.features), x, atol=1e-6)
    save_generator(path, linear, features=8, hidden=8, about={"model": "f" * 64})
    with pytest.raises(WeightsError, match="another model"):
        engine.generate(narrow, stored(narrow), "linear")


@pytest.mark.parametrize("kind", ["linear", "cubic", "none", "", "../model", "MLP"])
def test_a_generator_that_a_model_has_not_is_refused(
    engine: Engine, gallery: Gallery, kind: str
) -> None:
    with pytest.raises(ConfigError, match=f"no generator '{kind}'"):
        engine.generate(gallery, stored(gallery), kind)
