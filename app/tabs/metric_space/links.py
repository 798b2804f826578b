"""The state of the Metric space view as names and texts, which links have."""

from collections.abc import Mapping

from app.link import among, one_of, read_fields, whole
from app.view import MAPS, SPACES, Pick, View, check_pick
from sadal_core.gallery.stored import Gallery


def texts_of(gallery: Gallery, view: View) -> dict[str, str]:
    """A view as a link has it."""
    texts = {"kind": view.kind, "space": view.space}
    if view.epoch is not None and gallery.epochs is not None:
        texts["epoch"] = str(gallery.epochs.numbers[view.epoch])
    if view.pick is not None:
        texts["pick"] = f"{view.pick.kind}:{view.pick.row}"
    return texts


def view_of(gallery: Gallery, texts: Mapping[str, str], start: View) -> tuple[View, list[str]]:
    """The view that a link tells, and one sentence for each text that makes no sense."""

    def pick(text: str) -> Pick:
        kind, _, place = text.partition(":")
        row = whole(place)
        chosen = Pick(kind, -1 if row is None else row)
        check_pick(gallery, chosen)
        return chosen

    numbers = [] if gallery.epochs is None else gallery.epochs.numbers.tolist()
    fields = {
        "kind": one_of(MAPS), "space": one_of(SPACES), "epoch": among(numbers), "pick": pick,
    }  # fmt: skip
    values, notes = read_fields(texts, fields)
    if "epoch" in values:
        place = numbers.index(values["epoch"])
        values["epoch"] = place if place < len(numbers) - 1 else None
    return start.shown(**values), notes
