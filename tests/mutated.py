"""Spoiled pictures and spoiled questions, for the tests and for `benchmarks/fuzz.py`."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from tests.pictures import encoded, quadrants

PORTRAIT = Path(__file__).resolve().parents[1] / "assets" / "examples" / "astronaut.jpg"
_MARKS = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00",
          b"\xff\xd8\xff\xda", b"IHDR", b"IDAT", b"acTL", b"VP8L", b"EXIF", b"II*\x00")  # fmt: skip


@cache
def whole_pictures() -> tuple[bytes, ...]:
    """Small pictures in every format that is read, and a portrait."""
    grey = Image.fromarray(quadrants()).convert("L")
    colours = Image.fromarray(quadrants())
    exif = Image.Exif()
    exif[0x0112] = 6  # turned
    frames = [colours, colours.rotate(90)]
    sixteen = Image.fromarray(np.arange(48 * 64, dtype=np.uint16).reshape(48, 64) * 20)
    with Image.open(PORTRAIT) as portrait:
        face = encoded(portrait.resize((160, 160)), "JPEG", quality=85)
    return (
        face,
        encoded(colours, "JPEG", exif=exif),
        encoded(colours, "JPEG", progressive=True),
        encoded(colours.convert("CMYK"), "JPEG"),
        encoded(colours, "PNG"),
        encoded(sixteen, "PNG"),
        encoded(colours.convert("RGBA"), "PNG"),
        encoded(colours.convert("P"), "PNG"),
        encoded(colours, "PNG", save_all=True, append_images=frames),
        encoded(colours, "WEBP"),
        encoded(colours, "WEBP", lossless=True),
        encoded(colours, "WEBP", save_all=True, append_images=frames),
        encoded(colours, "GIF", save_all=True, append_images=frames),
        encoded(colours, "BMP"),
        encoded(grey, "TIFF"),
        encoded(colours, "TIFF", compression="tiff_lzw"),
        encoded(colours, "TIFF", compression="jpeg"),
        encoded(colours, "PPM"),
    )


@st.composite
def spoiled_pictures(draw: st.DrawFn) -> bytes:
    """A picture file in which bytes were changed, cut out, doubled, put in or mixed with another.

    Half of the changes fall on the first 64 bytes, where formats say what they are.
    """
    wholes = whole_pictures()
    data = bytearray(draw(st.sampled_from(wholes)))
    for _ in range(draw(st.integers(1, 6))):
        end = min(64, len(data)) if draw(st.booleans()) else len(data)
        place = draw(st.integers(0, max(0, end - 1)))
        length = draw(st.integers(1, 40))
        match draw(st.sampled_from(("flip", "set", "cut", "end", "double", "insert", "mix"))):
            case "flip" if data:
                data[place] ^= 1 << draw(st.integers(0, 7))
            case "set":
                mark = draw(st.sampled_from(_MARKS))
                data[place : place + len(mark)] = mark
            case "cut":
                del data[place : place + length]
            case "end":
                del data[place:]
            case "double":
                data[place:place] = data[place : place + length]
            case "insert":
                data[place:place] = draw(st.binary(max_size=40))
            case _:
                other = draw(st.sampled_from(wholes))
                data[place:] = other[place:]
    return bytes(data)


@st.composite
def odd_arrays(draw: st.DrawFn) -> np.ndarray:
    """Pictures of unlikely shapes, (H, W, 3): flat, noise, stripes, or a portrait pulled apart."""
    height = draw(st.one_of(st.integers(1, 40), st.integers(40, 700)))
    width = draw(st.one_of(st.integers(1, 40), st.integers(40, 700)))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    match draw(st.sampled_from(("flat", "noise", "stripes", "face"))):
        case "flat":
            return np.full((height, width, 3), rng.integers(256, size=3), np.uint8)
        case "noise":
            return rng.integers(256, size=(height, width, 3), dtype=np.uint8)
        case "stripes":
            row = rng.integers(256, size=(1, width, 3), dtype=np.uint8)
            return np.repeat(row, height, axis=0)
        case _:
            with Image.open(PORTRAIT) as portrait:
                left, top, right, bottom = rng.integers(-200, 200, size=4)
                box = (int(left), int(top), int(512 + right), int(512 + bottom))
                turned = portrait.convert("RGB").rotate(float(rng.uniform(-180, 180))).crop(box)
            return np.asarray(turned.resize((width, height)))


def questions() -> st.SearchStrategy[Any]:
    """Any JSON, with what could be mistaken for files, numbers and names of the page."""
    leaves = st.one_of(
        st.none(), st.booleans(), st.integers(-(2**40), 2**40),
        st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=30),
        st.sampled_from(
            ("corrected", "mlp", "sadal", "0", "-1", "1e400", "NaN", "../../etc/passwd", "\x00",
             "view=map&point=999999999", "preset=paper&turns=99999b", "data:image/png;base64,%%%",
             "__class__", "<script>", "a" * 5000)
        ),
    )  # fmt: skip
    files = st.fixed_dictionaries(
        {"path": st.one_of(st.text(max_size=20), st.just("/etc/passwd"), st.none())},
        optional={
            "url": st.one_of(st.none(), st.just("data:image/png;base64,AAAA"), st.text(max_size=9)),
            "orig_name": st.text(max_size=30),
            "meta": st.just({"_type": "gradio.FileData"}),
            "is_stream": st.booleans(),
        },
    )
    names = st.one_of(
        st.sampled_from(("query", "number", "image", "face", "point", "points", "ids", "value",
                         "command", "settings", "turns", "question", "seed")),
        st.text(max_size=8),
    )  # fmt: skip
    return st.recursive(
        st.one_of(leaves, files),
        lambda inner: st.one_of(
            st.lists(inner, max_size=5), st.dictionaries(names, inner, max_size=5)
        ),
        max_leaves=12,
    )
