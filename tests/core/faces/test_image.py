import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from sadal_core.errors import UnreadableImageError
from sadal_core.faces.image import MAX_BYTES, decode, decode_file
from tests.pictures import encoded, quadrants

# How a camera stores an upright picture under each EXIF orientation (CIPA DC-008, 4.6.4 A).
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: np.rot90(upright, 2),
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright, 2).transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_every_exif_orientation_comes_out_upright(orientation: int, format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation](quadrants()))
    options = {"quality": 95} if format == "JPEG" else {}
    picture = decode(encoded(stored, format, exif=exif, **options))
    assert picture.shape == quadrants().shape
    for y, x in ((8, 8), (8, 56), (40, 8), (40, 56)):
        np.testing.assert_allclose(picture[y, x], quadrants()[y, x], atol=8)


def test_grey_and_bilevel_pictures_get_three_equal_channels() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(decode(encoded(grey)), np.stack([grey] * 3, axis=-1))
    bilevel = Image.fromarray(grey).convert("1", dither=Image.Dither.NONE)
    assert sorted(np.unique(decode(encoded(bilevel)))) == [0, 255]


def test_palette_colours_are_looked_up() -> None:
    palette = Image.fromarray(quadrants()).convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
    np.testing.assert_array_equal(decode(encoded(palette)), quadrants())


@pytest.mark.parametrize(("alpha", "expected"), [(0, 255), (128, 127), (255, 0)])
def test_transparency_is_laid_on_white(alpha: int, expected: int) -> None:
    red = np.zeros((4, 4, 4), np.uint8)
    red[..., 0], red[..., 3] = 255, alpha
    np.testing.assert_array_equal(decode(encoded(red))[0, 0], (255, expected, expected))
    black = np.zeros((4, 4, 2), np.uint8)
    black[..., 1] = alpha
    np.testing.assert_array_equal(decode(encoded(black))[0, 0], (expected,) * 3)


def test_a_transparent_palette_entry_is_laid_on_white() -> None:
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([0, 0, 0, 10, 20, 30])
    picture.putpixel((0, 0), 0)
    rgb = decode(encoded(picture, "GIF", transparency=0))
    assert rgb[0, 0].tolist() == [255, 255, 255]
    assert rgb[1, 1].tolist() == [10, 20, 30]


def test_cmyk_keeps_its_colours() -> None:
    cmyk = Image.fromarray(quadrants()).convert("CMYK")
    rgb = decode(encoded(cmyk, "JPEG", quality=95))
    np.testing.assert_allclose(rgb[8, 8], (255, 0, 0), atol=8)
    np.testing.assert_allclose(rgb[40, 56], (255, 255, 255), atol=8)


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_by_the_white_of_its_format(format: str) -> None:
    values = np.array([[0, 257, 32896, 65535]], np.uint16)
    assert decode(encoded(values, format))[0, :, 0].tolist() == [0, 1, 128, 255]
    dark = np.full((2, 2), 200, np.uint16)  # nearly black, however dark the whole picture is
    assert decode(encoded(dark, format)).max() <= 1


def test_sixteen_bit_colour_is_scaled() -> None:
    bgr = np.array([[[0, 32896, 65535]]], np.uint16)
    data = cv2.imencode(".png", bgr)[1].tobytes()
    np.testing.assert_allclose(decode(data)[0, 0], (255, 128, 0), atol=1)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF", "MPO"])
def test_of_an_animation_the_first_frame_is_taken(format: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    options = {"lossless": True} if format == "WEBP" else {}
    data = encoded(frames[0], format, save_all=True, append_images=frames[1:], **options)
    np.testing.assert_allclose(decode(data)[4, 4], (255, 0, 0), atol=2)


BAD = {
    "empty": (b"", "is empty"),
    "text": (b"hello, this is not a picture", "is not a picture"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a picture"),
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is not a picture"),
    "pdf": (b"%PDF-1.7\n", "is not a picture"),
    "truncated jpeg": (encoded(quadrants(), "JPEG")[:400], "damaged"),
    "truncated png": (encoded(quadrants(480, 640))[:-300], "damaged"),
    "too many bytes": (b"\xff" * (MAX_BYTES + 1), "larger than 40 MB"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_picture_is_refused_in_one_sentence_that_names_it(kind: str) -> None:
    data, reason = BAD[kind]
    with pytest.raises(UnreadableImageError, match=reason) as raised:
        decode(data, name="holiday.jpg")
    assert str(raised.value).startswith("holiday.jpg ")
    assert "\n" not in str(raised.value)


def _header_only_png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("side", [(10_000, 5_000), (60_000, 60_000)], ids=["50 MP", "bomb"])
def test_a_huge_picture_is_refused_before_its_pixels_are_decoded(
    side: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def decoded(image: ImageFile.ImageFile) -> None:
        raise AssertionError("pixels were decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded)
    with pytest.raises(UnreadableImageError, match="wide.png has more than 40 megapixels"):
        decode(_header_only_png(*side), name="wide.png")


def _picture_or_refusal(data: bytes) -> None:
    try:
        picture = decode(data, name="x")
    except UnreadableImageError as error:
        refusal = str(error)
    else:
        assert picture.dtype == np.uint8
        assert picture.ndim == 3
        assert picture.shape[2] == 3
        return
    assert refusal.startswith("x ")


@given(st.binary(max_size=300))
def test_arbitrary_bytes_give_a_picture_or_a_refusal(data: bytes) -> None:
    _picture_or_refusal(data)


VALID = [
    encoded(quadrants(12, 16), format) for format in ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
] + [
    encoded(np.arange(64, dtype=np.uint16).reshape(8, 8), "TIFF"),
    encoded(Image.new("P", (8, 8)), "PNG", transparency=0),
    encoded(quadrants(12, 16), "TIFF", compression="tiff_lzw"),
]


@settings(max_examples=200)
@given(
    st.sampled_from(VALID),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6),
    st.integers(0, 2000) | st.none(),
)
def test_damaged_pictures_give_a_picture_or_a_refusal(
    data: bytes, changes: list[tuple[int, int]], end: int | None
) -> None:
    damaged = bytearray(data)
    for position, value in changes:
        damaged[position % len(damaged)] = value
    _picture_or_refusal(bytes(damaged[:end]))


def test_a_path_that_cannot_be_opened_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImageError, match=r"nobody\.jpg cannot be opened \(No such file"):
        decode_file(tmp_path / "nobody.jpg")
    with pytest.raises(UnreadableImageError, match="cannot be opened"):
        decode_file(tmp_path)


def test_a_file_is_named_without_its_folder_in_the_refusal(tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("not a picture")
    with pytest.raises(UnreadableImageError, match=r"^notes\.png is not a picture"):
        decode_file(tmp_path / "notes.png")
