"""Ages from a running page, asked as any program may: by its named endpoint `/estimate`.

    python examples/ask_page.py PHOTO ... [--url http://127.0.0.1:7860]

Start the page first (`python app.py` or `sadal-demo`). This needs gradio_client and nothing of the
project. The page deletes a picture seconds after it was read.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from httpx import HTTPError


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for every face; the exit status is 1 if something was not answered."""
    parser = argparse.ArgumentParser(description="Ages of the faces in pictures.")
    parser.add_argument("photos", nargs="+", metavar="PHOTO")
    parser.add_argument("--url", default="http://127.0.0.1:7860")
    options = parser.parse_args(arguments)
    try:
        client = Client(options.url, verbose=False)
    except (HTTPError, ValueError):
        print(f"No page answers at {options.url}. Start it: python app.py.", file=sys.stderr)
        return 1
    refused = 0
    for photo in options.photos:
        try:
            for line in lines(client.predict(handle_file(photo), api_name="/estimate")):
                print(f"{photo}: {line}")
        except (AppError, ValueError) as error:  # ValueError: there is no such file
            print(f"{photo}: {error}", file=sys.stderr)
            refused = 1
    return refused


def lines(answer: dict[str, Any]) -> Iterator[str]:
    """A sentence for every face of an answer, the largest first."""
    for face in answer["faces"]:
        warnings = "".join(f"; {one}" for one in face["warnings"])
        yield (
            f"{face['age']:.0f} years, 80 % between {face['age_low']:.0f} and "
            f"{face['age_high']:.0f}{warnings}"
        )


if __name__ == "__main__":
    sys.exit(main())
