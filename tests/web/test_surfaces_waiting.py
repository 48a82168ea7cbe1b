"""One wake-up of the loop for all that another thread says at once."""

import asyncio
from threading import Thread
from typing import Any

import pytest

from appliance.calls.promises import Promise
from appliance.web.surfaces_waiting import Waiting


async def said(waiting: Waiting, futures: "list[Promise[Any]]", say: Any) -> list[Any]:
    """What those who wait on each get, once another thread has said it."""
    loop, woken = asyncio.get_running_loop(), []
    wake = loop.call_soon_threadsafe
    loop.call_soon_threadsafe = lambda *given: (woken.append(1), wake(*given))[1]  # type: ignore[method-assign]
    waits = [asyncio.ensure_future(waiting.on(future)) for future in futures]
    await asyncio.sleep(0)
    other = Thread(target=say)
    other.start()
    other.join()
    got = await asyncio.gather(*waits, return_exceptions=True)
    assert len(woken) == 1
    return list(got)


def test_everybody_gets_his_own_answer_with_one_wake_up() -> None:
    async def main() -> None:
        futures: list[Promise[int]] = [Promise() for _ in range(32)]
        got = await said(Waiting(), futures, lambda: [one.set_result(n) for n, one in enumerate(futures)])
        assert got == list(range(32))

    asyncio.run(main())


def test_an_error_goes_to_the_one_it_is_for() -> None:
    async def main() -> None:
        good, bad = Promise[int](), Promise[int]()
        got = await said(Waiting(), [good, bad], lambda: (bad.set_exception(LookupError("x")), good.set_result(1)))
        assert got[0] == 1 and isinstance(got[1], LookupError)

    asyncio.run(main())


def test_nobody_is_told_once_the_loop_has_ended() -> None:
    promise = Promise[int]()

    async def main() -> None:
        leaver = asyncio.ensure_future(Waiting().on(promise))
        await asyncio.sleep(0)
        leaver.cancel()

    asyncio.run(main())
    promise.set_result(1)
    assert promise.result() == 1


def test_who_leaves_takes_nothing_from_the_others_and_what_is_said_already_is_heard() -> None:
    async def main() -> None:
        waiting, late, early = Waiting(), Promise[int](), Promise[int]()
        early.set_result(7)
        leaver = asyncio.ensure_future(waiting.on(late))
        await asyncio.sleep(0)
        leaver.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaver
        late.set_result(1)
        assert late.result() == 1 and await waiting.on(early) == 7

    asyncio.run(main())
