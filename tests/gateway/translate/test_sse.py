import pytest

from appliance.gateway.translate.sse import Events

TWO = b": hello\nevent: x\ndata: one\ndata:two\n\nid: 7\n\ndata: {}\n\n"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_end_in_any_of_the_three_ways_wherever_they_are_cut(end: bytes) -> None:
    stream = TWO.replace(b"\n", end)
    for cut in range(len(stream)):
        events = Events()
        told = events.feed(stream[:cut]) + events.feed(stream[cut:]) + events.end()
        assert told == [b"one\ntwo", b"{}"], cut


def test_a_last_event_without_its_empty_line_counts() -> None:
    events = Events()
    assert events.feed(b"data: one\n\ndata: two") == [b"one"]
    assert events.end() == [b"two"]
    assert events.end() == []
