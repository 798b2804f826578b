import base64
import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from app import results_text as text
from app.palette import BLUE
from app.results import Results, load_results
from app.tabs.results.answers import START, card
from app.tabs.results.entries import ORDERS, entries, shown
from tests.fakes import services_for
from tests.page import Page, event, notes
from tests.planted_results import METHODS, planted_comparison, planted_results, write_results

FAMILIES = list(text.FAMILIES)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return load_results(planted_results(tmp_path_factory.mktemp("results")))


@pytest.fixture(scope="module")
def page(results: Results) -> Page:
    return page_with(results)


def page_with(results: Results) -> Page:
    return Page(replace(services_for([]), results=results))


def compared(page: Page, **changes: Any) -> dict[str, Any]:
    state = {"table": "fgnet-lopo", "families": FAMILIES, "sort": "mae", "reverse": False,
             "methods": list(START)} | changes  # fmt: skip
    return page.call("compared", *state.values())


def order(answer: dict[str, Any]) -> list[str]:
    return re.findall(r'data-method="(\w+)"', answer["sadal-results-table"])


def saved(answer: dict[str, Any], kind: str) -> str:
    (url,) = re.findall(rf'\.{kind}" href="[^,]*,([^"]*)"', answer["sadal-results-saves"])
    return base64.b64decode(url).decode()


def test_the_table_shows_every_number_of_a_row_and_the_slides_apart(page: Page) -> None:
    table = compared(page)["sadal-results-table"]
    (row,) = re.findall(r'<tr data-method="ohranker".*?</tr>', table)
    for words in ("OHRanker", "shallow", "4.85 (4.35\u00a0to\u00a05.35)",
                  "+0.85 (+0.60\u00a0to\u00a0+1.10)", "4.79\u00a0to\u00a04.91 (3\u00a0seeds)",
                  "faithful"):  # fmt: skip
        assert words in row
    assert re.findall(r'sadal-reported">([\d.]+)<', row) == ["4.48", "6.49"]
    assert "It looks &lt;shifted&gt; by one." in row
    assert "<i>of</i>" not in row  # what a file says is no markup
    assert text.REPORTED in table
    (own,) = re.findall(r'<tr data-method="sadal".*?</tr>', table)
    assert f'background:{BLUE}"' in own
    assert "No code was published" in own
    assert "+0.00" not in own
    assert "1,002 faces of 82 persons" in table


def test_absent_rows_and_those_of_the_slides_alone_come_last_with_the_reason(page: Page) -> None:
    answer = compared(page)
    assert order(answer)[-2:] == ["identity_knn", "csohr"]
    table = answer["sadal-results-table"]
    assert "Not measured here: needs the weights of a face recognition network" in table
    assert "Not measured here: it is in the slides only" in table
    assert order(compared(page, families=["deep"])) == ["single_label"]
    none = compared(page, families=[])
    assert order(none) == []
    assert text.NO_FAMILY in none["sadal-results-table"]


def test_every_column_sorts_both_ways_with_unknown_values_last(results: Results) -> None:
    made = entries(results.comparisons[0], results.slides)
    for name, (value, falls) in ORDERS.items():
        for reverse in (False, True):
            values = [value(entry) for entry in shown(made, FAMILIES, name, reverse=reverse)]
            known = [one for one in values if one is not None]
            assert known == sorted(known, reverse=falls != reverse), name
            assert values[: len(known)] == known
    assert len(made) == len(METHODS) + 2


def test_a_head_sorts_and_once_more_turns_the_order_round(page: Page) -> None:
    state = ["fgnet-lopo", FAMILIES, "mae", False, ["sadal"]]
    answer = page.call("sorted_by", event({"column": "cs5"}), *state)
    assert (answer["sadal-results-sort"], answer["sadal-results-reverse"]) == ("cs5", False)
    assert order(answer)[0] == "sadal"  # the best first
    assert '"sadal-number" aria-sort="descending"' in answer["sadal-results-table"]
    again = page.call("sorted_by", event({"column": "mae"}), *state)
    assert again["sadal-results-reverse"] is True
    assert order(again)[0] == "bif_knn"
    for nonsense in ({"column": "nothing"}, {"column": ["mae"]}, None, "mae"):
        assert page.call("sorted_by", event(nonsense), *state)["sadal-results-sort"] == "mae"


def test_the_figures_show_the_chosen_methods_with_sadal_in_blue(page: Page) -> None:
    answer = compared(page, methods=["ohranker", "sadal"])
    for part in ("cs", "bands"):
        first, second = answer[f"sadal-results-{part}"]["data"]
        assert (first["name"], second["name"]) == ("SADAL", "OHRanker")
        assert first["line"]["color"] == BLUE
    assert answer["sadal-results-problem"] == ""
    shown_titles = answer["sadal-results-differences"]["layout"]["yaxis"]["ticktext"]
    assert len(shown_titles) == len(METHODS)
    nothing = compared(page, methods=[])
    assert text.NO_METHOD in nothing["sadal-results-problem"]
    assert nothing["sadal-results-cs"]["data"] == []


def test_it_is_said_how_a_table_was_made(page: Page) -> None:
    made = compared(page)["sadal-results-made"]
    for words in ("--protocol lopo", "revision 1be07b25faa0", "Seeds 1, 2, 3", "mobilefacenet",
                  "not the model that this page runs", "The slides of somebody"):  # fmt: skip
        assert words in made
    assert text.LEAKY_HEADLINE not in compared(page)["sadal-results-table"]
    leaky = compared(page, table="fgnet-random")["sadal-results-table"]
    assert text.LEAKY_HEADLINE in leaky
    assert "(leaky)" in leaky


def test_another_table_drops_methods_that_it_has_not(page: Page) -> None:
    answer = page.call("another_table", "aaf-holdout", FAMILIES, "mae", False, list(START))
    assert "AAF, held-out groups" in answer["sadal-results-table"]
    methods = answer["sadal-results-methods"]
    assert methods["value"] == [name for name in START if name != "lsdml"]
    assert ("LSDML", "lsdml") not in methods["choices"]


def test_the_files_hold_the_table_on_show(page: Page, results: Results) -> None:
    answer = compared(page, families=["metric"], sort="mae", reverse=True)
    rows = list(csv.DictReader(io.StringIO(saved(answer, "csv"))))
    assert [row["method"] for row in rows] == order(answer) == ["lsdml", "quadruplet", "sadal"]
    sadal = results.comparisons[0].rows[-1]
    assert [float(rows[-1][name]) for name in ("mae", "mae_low", "cs_10", "slides_morph")] == [
        4.0, 3.5, sadal.cs[10], 2.75,
    ]  # fmt: skip
    assert rows[0]["slides_fgnet"] == ""
    stored = json.loads(saved(answer, "json"))
    assert [row["method"] for row in stored["rows"]] == order(answer)
    assert stored["rows"][-1]["bands"][0]["n"] == 371
    assert (stored["protocol"], stored["faces"], stored["absent"]) == ("lopo", 1002, [])
    everything = compared(page)
    assert [row["method"] for row in csv.DictReader(io.StringIO(saved(everything, "csv")))] == (
        order(everything)
    )
    lines = saved(everything, "md").splitlines()
    assert lines[0].count(" | ") == len(text.COLUMNS) - 1
    assert all(line.count(" | ") == len(text.COLUMNS) - 1 for line in lines[1 : len(METHODS) + 4])
    assert "Made by `python -m sadal_core benchmark" in lines[-1]


def test_a_link_restores_the_view_and_the_view_tells_it(page: Page) -> None:
    query = "table=fgnet-random&families=deep,metric&sort=cs5&reverse=yes&methods=lsdml,sadal"
    answer = page.opened(f"view=results&{query}")
    assert notes(answer) == []
    assert answer["sadal-views"] == "results"
    assert answer["sadal-results-families"] == ["deep", "metric"]
    assert answer["sadal-results-methods"]["value"] == ["lsdml", "sadal"]
    assert order(answer) == ["lsdml", "single_label", "quadruplet", "sadal"]
    told = answer["sadal-link"]["texts"]
    assert "&".join(f"{name}={words}" for name, words in told.items()) == query


def test_what_a_link_cannot_mean_is_told(page: Page) -> None:
    bad = "table=moon&families=deep,odd&sort=x&reverse=maybe&methods=sadal,nobody"
    answer = page.opened(f"view=results&{bad}")
    assert [note.split("=")[0] for note in notes(answer)] == [
        "table", "families", "sort", "reverse", "methods",
    ]  # fmt: skip
    assert answer["sadal-results-which"] == "fgnet-lopo"
    assert answer["sadal-results-methods"]["value"] == list(START)
    held = page.opened("view=results&lock=all&hide=sort")["sadal-link"]
    assert len(held["lock"]) == 5
    assert {*held["lock"], *held["hide"]} <= page.ids
    assert page.opened("view=results&methods=")["sadal-results-methods"]["value"] == []


def test_a_link_to_methods_that_its_table_lacks_says_so(page: Page) -> None:
    answer = page.opened("view=results&table=aaf-holdout&methods=sadal,lsdml,ohranker")
    (note,) = notes(answer)
    assert note.startswith("methods: lsdml left out")
    assert answer["sadal-results-methods"]["value"] == ["sadal", "ohranker"]
    assert notes(page.opened("view=results&table=aaf-holdout")) == []


def test_without_results_the_view_says_how_to_make_them() -> None:
    page = page_with(Results())
    assert "python -m sadal_core benchmark" in page.parts["sadal-results-none"].value
    assert "sadal-results-table" not in page.parts
    assert "sadal-results-ablations" not in page.parts
    answer = page.opened("view=results&sort=mae")
    assert notes(answer) == ["sort was left out."]


def test_a_file_that_was_left_out_is_named_above_the_others(tmp_path: Path) -> None:
    write_results(
        planted_results(tmp_path) / "comparison-old.json", planted_comparison(format="<0>")
    )
    page = page_with(load_results(tmp_path))
    said = page.parts["sadal-results-notes"].value
    assert text.LEFT_OUT in said
    assert "comparison-old.json was made by another version" in said
    assert order(compared(page))


def test_ablations_are_drawn_and_listed_with_what_was_changed(page: Page) -> None:
    figure = json.loads(page.parts["sadal-results-ablations"].value)
    assert figure["layout"]["yaxis"]["ticktext"] == ["sadal", "no Q"]
    words = "".join(
        str(block.value) for block in page.demo.blocks.values() if type(block) is gr.HTML
    )
    for said in ("4.62", "0.812", "19.5", "variant=none", "The adversarial term never acts.",
                 "2,828 held-out faces", "ablate --data faces.zip"):  # fmt: skip
        assert said in words


def test_the_model_card_loses_what_the_page_has_no_place_for() -> None:
    words = (
        "# Model card\n\n<!-- a -->\n## What\n[here](#x), [there](RESULTS.md), [web](https://x)\n"
    )
    assert card(words) == "\n### What\nhere, there, [web](https://x)\n"
