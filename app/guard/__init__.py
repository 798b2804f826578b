"""What stands between the network and Gradio: pure ASGI, knows nothing of the page's views."""

from collections.abc import Callable, Collection

from starlette.middleware import Middleware

from app.guard.bodies import Bodies
from app.guard.calls import FinishedCalls
from app.guard.headers import SafeHeaders
from app.guard.routes import KnownRoutes
from app.guard.sessions import OwnSessions
from app.guard.streams import KeptStreams


def guard(
    has_room: Callable[[], bool], forget: Callable[[str], None], further: Collection[str] = ()
) -> list[Middleware]:
    """Its parts, from the network inwards.

    Args:
        has_room: whether another upload can be kept for its few seconds.
        forget: drops what is kept of a call that has ended.
        further: addresses that this page has besides those that it always has.
    """
    return [
        Middleware(SafeHeaders),
        Middleware(KnownRoutes, further=further),
        Middleware(Bodies, has_room=has_room),
        Middleware(OwnSessions),
        Middleware(KeptStreams),
        Middleware(FinishedCalls, forget=forget),
    ]
