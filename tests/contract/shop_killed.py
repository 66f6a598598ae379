"""Kills a process in the middle of a write, at every statement: `python -m tests.contract.shop_killed URL`.

Prints one line of JSON for each try: the kind of write, where it was killed, and what was found afterwards.
"""

import json
import os
import signal
import sys
from collections.abc import Callable

from sqlalchemy import event

from countersign.adapters.shop import SqlShop
from countersign.adapters.shop.engines import open_engines
from countersign.domain.shop import ShopReceipt
from tests.contract import shop_world as world

TRIES = 40
"""More than any write has statements."""
SPARE = [world.order(f"FH-{100 + n}", payments=(world.payment(str(100 + n), status="authorised"),)) for n in range(40)]
SENT = [
    world.order(f"FH-{200 + n}", status="delivered", items=(world.TENTS,), payments=(world.payment(str(200 + n)),))
    for n in range(40)
]
Call = Callable[[SqlShop, int], ShopReceipt]
CALLS: dict[str, Call] = {
    "refund": lambda shop, n: shop.refund(f"refund-{n}", f"FH-{200 + n}", 5000, "EUR", "late"),
    "cancel_order": lambda shop, n: shop.cancel_order(f"cancel-{n}", f"FH-{100 + n}", "asked"),
    "create_return": lambda shop, n: shop.create_return(f"return-{n}", f"FH-{200 + n}", ("TENT",), 390),
}


def _opened(url: str) -> SqlShop:
    """The shop that is there already; nothing is created, so that only the write's own statements are counted."""
    return SqlShop(open_engines(url), lambda: world.NOW)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _killed_at(url: str, call: Call, place: int) -> bool:
    """Whether a child was killed after its write's statement number `place`, or at its commit."""
    child = os.fork()
    if child == 0:
        _write_and_die(url, call, place)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _write_and_die(url: str, call: Call, place: int) -> None:
    shop, seen = _opened(url), 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == place:
            _die()

    event.listen(shop.engines.writer, "after_cursor_execute", count)
    event.listen(shop.engines.writer, "commit", count)
    call(shop, place)
    # One try is killed when the commit is done and nobody was told.
    count()


def _found(url: str, call: Call, place: int, before: dict[str, list[str]]) -> dict[str, bool | int]:
    shop = _opened(url)
    changed, known = world.contents(shop) != before, len(shop.writes())
    receipt = call(shop, place)
    after = world.contents(shop)
    again = call(shop, place)
    found = {
        "changed": changed,
        "written": known - len(before["receipts"]),
        "then": len(shop.writes()) - len(before["receipts"]),
        "same": receipt == again and world.contents(shop) == after,
    }
    shop.close()
    return found


def _state(url: str) -> dict[str, list[str]]:
    shop = _opened(url)
    try:
        return world.contents(shop)
    finally:
        shop.close()


def main(url: str) -> None:
    world.open_world(url, [*SPARE, *SENT]).close()
    for kind, call in CALLS.items():
        for place in range(1, TRIES):
            before = _state(url)
            if not _killed_at(url, call, place):
                break
            print(json.dumps({"kind": kind, "place": place, **_found(url, call, place, before)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
