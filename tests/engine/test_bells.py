"""One contract for the lines of bells, whatever keeps them; and what becomes of the remote ones in bad weather."""

import logging
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from appliance.engine.bells.chosen import open_line
from appliance.engine.bells.line import Line
from appliance.engine.queue import Doorbell, Workers
from tests.engine.floor import Floor, finish
from tests.postgres import free_port
from tests.queues import RedisProgram, redis_program
from tests.waiting import until

Open = Callable[[], Line]
REMOTE = [
    pytest.param("redis", marks=pytest.mark.outside),
    pytest.param("postgres", marks=pytest.mark.postgres),
]


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisProgram]:
    with redis_program() as running:
        yield running


@pytest.fixture
def opening(kind: str, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens a line as one process does; all of them are closed at the end."""
    url = ""
    if kind != "memory":
        url = request.getfixturevalue("redis").url if kind == "redis" else request.getfixturevalue("postgres_url")
    opened: list[Line] = []

    def new() -> Line:
        opened.append(open_line(url))
        return opened[-1]

    new().clear()
    yield new
    for line in opened:
        line.close()


def taken(line: Line) -> bytes:
    return until(line.take)


@pytest.mark.parametrize("kind", ["memory", *REMOTE])
class TestEveryLine:
    def test_who_waits_gets_the_bell(self, opening: Open) -> None:
        line, heard = opening(), list[bytes]()
        waiting = threading.Thread(target=lambda: heard.append(taken(line)))
        waiting.start()
        line.ring(b"acme")
        waiting.join(5)
        assert heard == [b"acme"]

    def test_a_bell_stands_in_line_once_and_keeps_its_place(self, opening: Open) -> None:
        line = opening()
        line.ring(b"acme")
        until(lambda: line.size() == 1)
        for _ in range(1000):
            line.ring(b"acme")
            line.ring(b"globex")
        until(lambda: line.size() == 2)
        assert [taken(line), taken(line)] == [b"acme", b"globex"]

    def test_a_bell_rung_after_it_was_taken_is_rung_again(self, opening: Open) -> None:
        line = opening()
        for _ in range(3):
            line.ring(b"acme")
            assert taken(line) == b"acme"

    def test_closing_sends_everybody_away(self, opening: Open) -> None:
        line = opening()
        waiting = [threading.Thread(target=line.take) for _ in range(4)]
        for thread in waiting:
            thread.start()
        line.close()
        for thread in waiting:
            thread.join(5)
        assert not any(thread.is_alive() for thread in waiting)

    def test_waiting_costs_nothing(self, opening: Open) -> None:
        line = opening()
        waiting = threading.Thread(target=line.take, daemon=True)
        begin = time.process_time()
        waiting.start()
        waiting.join(0.8)
        assert time.process_time() - begin < 0.1
        line.close()


@pytest.mark.parametrize("kind", REMOTE)
class TestALineOfSeveralProcesses:
    def test_one_rings_and_another_takes(self, opening: Open) -> None:
        web, worker = opening(), opening()
        web.ring(b"acme")
        assert taken(worker) == b"acme"

    def test_two_processes_take_each_bell_once(self, opening: Open) -> None:
        lines, heard = [opening(), opening()], list[bytes]()
        wanted = {b"tenant-%d" % n for n in range(60)}
        for bell in wanted:
            lines[0].ring(bell)

        def work(line: Line) -> None:
            while len(heard) < len(wanted):
                heard.extend(filter(None, [line.take()]))

        workers = [threading.Thread(target=work, args=(line,)) for line in lines]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(10)
        assert sorted(heard) == sorted(wanted)

    def test_the_doorbell_of_one_process_calls_the_pump_of_another(self, opening: Open) -> None:
        heard: list[str] = []
        web, works = Doorbell(opening()), Doorbell(opening())
        web.answer(heard.append)
        works.answer(heard.append)
        workers = Workers(works, 2)
        workers.start()
        web.ring("acme")
        until(lambda: heard == ["acme"])
        workers.stop()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:{}/0", "postgresql://nobody@127.0.0.1:{}/none"])
def test_a_server_that_is_down_fails_nobody_and_is_told_of_once(url: str, caplog: pytest.LogCaptureFixture) -> None:
    line = open_line(url.format(free_port()))
    bells = {b"%d" % n for n in range(1000)}
    begin = time.perf_counter()
    for bell in bells:
        line.ring(bell)
    assert time.perf_counter() - begin < 0.5
    assert {until(line.take) for _ in bells} == bells, "each process answers its own"
    line.close()
    told = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(told) == 1
    assert "does not answer" in told[0].getMessage()


@pytest.mark.outside
def test_redis_comes_back_and_is_used_again(caplog: pytest.LogCaptureFixture) -> None:
    with redis_program() as program:
        line = open_line(program.url)
        line.ring(b"before")
        assert taken(line) == b"before"
        program.kill()
        line.ring(b"lost")
        until(lambda: "does not answer" in caplog.text)
        program.start()
        until(lambda: rung_and_taken(line))
        line.close()
    assert "is back" in caplog.text


@pytest.mark.postgres
def test_postgresql_that_drops_its_connections_is_used_again(postgres_url: str) -> None:
    line = open_line(postgres_url)
    line.ring(b"before")
    assert taken(line) == b"before"
    drop = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE '%agenthq_bells%' AND pid <> "
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"{drop} pg_backend_pid()")
    until(lambda: rung_and_taken(line))
    line.close()


def rung_and_taken(line: Line) -> bool:
    line.ring(b"after")
    return line.take() == b"after"


@pytest.mark.parametrize("parts", [{"pump", "sweep"}, {"pump"}], ids=["all", "worker"])
def test_a_queue_that_is_down_costs_a_moment_not_the_work(floor: Floor, parts: set[str]) -> None:
    line = open_line(f"redis://127.0.0.1:{free_port()}/0")
    with floor.engine(hears=False, line=line, parts=frozenset(parts)):
        floor.until(floor.task(finish()), "done", seconds=8)


def test_a_process_that_only_rings_does_no_work(floor: Floor) -> None:
    with floor.engine(parts=frozenset()) as engine:
        task = floor.task(finish())
        until(lambda: engine.bell.storage.queue_size() == 1)
        assert floor.now(task).state == "todo"
