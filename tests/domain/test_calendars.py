"""When a schedule is due: cron and intervals in zones whose clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.domain.schedules import calendars
from appliance.errors import Problem

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
LORD_HOWE, UTC_ZONE = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")
ZONES = [UTC_ZONE, BERLIN, NEW_YORK, LORD_HOWE, ZoneInfo("Pacific/Apia"), ZoneInfo("Asia/Kathmandu")]
ZONES += [ZoneInfo("America/Sao_Paulo"), ZoneInfo("Africa/Casablanca"), ZoneInfo("Europe/Dublin")]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def times(spec: str, zone: ZoneInfo, start: str, end: str) -> list[str]:
    """The times of a spec by the wall clock of the zone, with its offset."""
    begin, over = (datetime.fromisoformat(text).replace(tzinfo=zone) for text in (start, end))
    found = calendars.occurrences(spec, zone, begin.astimezone(UTC), over.astimezone(UTC), 1000)
    return [f"{moment.astimezone(zone):%d %H:%M %z}" for moment in found]


@pytest.mark.parametrize(
    ("zone", "night", "expected"),
    [
        (BERLIN, ("2027-03-27T12:00", "2027-03-30T00:00"), ["28 03:00 +0200", "29 02:30 +0200"]),
        (NEW_YORK, ("2027-03-13T12:00", "2027-03-16T00:00"), ["14 03:00 -0400", "15 02:30 -0400"]),
        (LORD_HOWE, ("2027-10-02T12:00", "2027-10-05T00:00"), ["03 02:30 +1100", "04 02:30 +1100"]),
    ],
    ids=["Berlin", "New York", "Lord Howe"],
)
def test_dst_gap_a_skipped_time_of_day_is_due_once_when_the_gap_ends(
    zone: ZoneInfo, night: tuple[str, str], expected: list[str]
) -> None:
    assert times("30 2 * * *", zone, *night) == expected
    assert times(f"every 1d from {night[0][:4]}-01-01T{_utc(zone)}Z", zone, *night) == expected


def _utc(zone: ZoneInfo) -> str:
    return f"{datetime(2027, 1, 1, 2, 30, tzinfo=zone).astimezone(UTC):%H:%M:%S}"


def test_dst_gap_of_half_an_hour() -> None:
    """Lord Howe's clocks go from 02:00 to 02:30."""
    assert times("15 2 * * *", LORD_HOWE, "2027-10-02T12:00", "2027-10-05T00:00") == [
        "03 02:30 +1100",
        "04 02:15 +1100",
    ]


@pytest.mark.parametrize(
    ("zone", "spec", "night", "expected"),
    [
        (BERLIN, "30 2 * * *", ("2027-10-30T12:00", "2027-11-02T00:00"), ["31 02:30 +0200", "01 02:30 +0100"]),
        (NEW_YORK, "30 1 * * *", ("2027-11-06T12:00", "2027-11-09T00:00"), ["07 01:30 -0400", "08 01:30 -0500"]),
        (LORD_HOWE, "45 1 * * *", ("2027-04-03T12:00", "2027-04-06T00:00"), ["04 01:45 +1100", "05 01:45 +1030"]),
    ],
    ids=["Berlin", "New York", "Lord Howe"],
)
def test_dst_overlap_a_time_of_day_that_comes_twice_is_due_the_first_time(
    zone: ZoneInfo, spec: str, night: tuple[str, str], expected: list[str]
) -> None:
    assert times(spec, zone, *night) == expected
    # Also when it is asked between the two.
    first = calendars.next_after(spec, zone, datetime.fromisoformat(night[0]).replace(tzinfo=zone).astimezone(UTC))
    assert first
    second = calendars.next_after(spec, zone, first + timedelta(minutes=20))
    assert second and second - first > timedelta(hours=20)


def test_dst_an_expression_with_a_star_follows_the_time_that_passes() -> None:
    spring = times("*/30 * * * *", BERLIN, "2027-03-28T01:00", "2027-03-28T04:00")
    assert spring == ["28 01:00 +0100", "28 01:30 +0100", "28 03:00 +0200", "28 03:30 +0200"]
    autumn = times("15 * * * *", BERLIN, "2027-10-31T01:00", "2027-10-31T04:00")
    assert autumn == ["31 01:15 +0200", "31 02:15 +0200", "31 02:15 +0100", "31 03:15 +0100"]


def test_dst_several_times_in_a_gap_are_one() -> None:
    assert times("0,20,40 2 * * *", BERLIN, "2027-03-28T00:00", "2027-03-29T00:00") == ["28 03:00 +0200"]


def test_hours_pass_and_days_go_by_the_clock() -> None:
    """A day by the clock is 23 hours long where an hour is missing; 24 hours are 24 hours."""
    day = times("every 1d from 2027-03-27T08:00:00Z", BERLIN, "2027-03-27T00:00", "2027-03-30T00:00")
    assert day == ["27 09:00 +0100", "28 09:00 +0200", "29 09:00 +0200"]
    hours = times("every 24h from 2027-03-27T08:00:00Z", BERLIN, "2027-03-27T00:00", "2027-03-30T00:00")
    assert hours == ["27 09:00 +0100", "28 10:00 +0200", "29 10:00 +0200"]


def test_an_interval_counts_from_its_anchor_and_not_before() -> None:
    spec = calendars.every("90m", at("2027-01-01T00:10:00+00:00"))
    assert times(spec, UTC_ZONE, "2026-12-31T00:00", "2027-01-01T04:00") == [
        "01 00:10 +0000",
        "01 01:40 +0000",
        "01 03:10 +0000",
    ]


@pytest.mark.parametrize(
    ("spec", "zone", "moment", "said"),
    [
        ("30 2 * * *", BERLIN, "2027-03-28T01:00:00+00:00", "it runs at 03:00, when the gap ends"),
        ("0 3 * * *", BERLIN, "2027-03-28T01:00:00+00:00", ""),
        ("30 2 * * *", BERLIN, "2027-10-31T00:30:00+00:00", "02:30 comes twice that day; it runs the first time."),
        ("*/30 * * * *", BERLIN, "2027-10-31T00:30:00+00:00", "it runs in both"),
        ("30 2 * * *", BERLIN, "2027-06-01T00:30:00+00:00", ""),
        ("every 1d from 2027-01-01T01:30:00Z", BERLIN, "2027-03-28T01:00:00+00:00", "when the gap ends"),
    ],
)
def test_a_preview_says_what_a_change_of_the_clocks_does(spec: str, zone: ZoneInfo, moment: str, said: str) -> None:
    remark = calendars.remark(spec, zone, at(moment))
    assert said in remark and bool(said) == bool(remark)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("0 9 * * mon-fri", "At 09:00 on Monday through Friday"),
        ("@daily", "At 00:00 every day"),
        ("@Hourly", "At the start of every hour"),
        ("every 15m from 2027-01-01T00:00:00Z", "Every 15 minutes"),
        ("every 1d from 2027-01-01T00:00:00Z", "Every day"),
        ("0 0 31 2 *", "never comes: none of these months has that day"),
        ("0 0 31 4,6 *", "never comes: none of these months has that day"),
        ("0 25 * * *", "the hour can't be read"),
        ("61 * * * *", "the minute can't be read"),
        ("0 0 32 * *", "the day of the month can't be read"),
        ("0 0 * 13 *", "the month can't be read"),
        ("0 0 * * 9", "the day of the week can't be read"),
        ("@reboot", "use one of @hourly"),
        ("0 9 * *", "give five fields"),
        ("* * * * * *", "give five fields"),
        ("", "give five fields"),
    ],
)
def test_an_expression_is_explained_in_words_or_refused_in_a_sentence(spec: str, words: str) -> None:
    assert calendars.explain(spec).startswith(words)


@pytest.mark.parametrize("spec", ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "x", "@never", "99 * * * *"])
def test_what_never_comes_or_can_not_be_read_is_refused(spec: str) -> None:
    with pytest.raises(Problem) as caught:
        calendars.check(spec)
    assert list(caught.value.errors) == ["cron"]


def test_the_29th_of_february_is_no_never() -> None:
    assert calendars.check(" 0  0 29 2 * ") == "0 0 29 2 *"
    assert calendars.next_after("0 0 29 2 *", UTC_ZONE, at("2097-01-01T00:00:00+00:00")) == at("2104-02-29T00:00+00:00")


@pytest.mark.parametrize("interval", ["15m", "2 hours", "1d", "3 weeks", "90 sec", "10 Minutes"])
def test_intervals_are_read_in_short_and_in_words(interval: str) -> None:
    assert calendars.check(calendars.every(interval, at("2027-01-01T00:00:00+00:00"))).startswith("every ")


@pytest.mark.parametrize("interval", ["", "0m", "5", "m", "-5m", "400d", "1y", "1.5h", "9999999w", "٣m"])
def test_what_is_no_interval_is_refused(interval: str) -> None:
    with pytest.raises(Problem) as caught:
        calendars.every(interval, at("2027-01-01T00:00:00+00:00"))
    assert list(caught.value.errors) == ["every"]


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).map(lambda two: f"{min(two)}-{max(two)}")
    step = st.tuples(st.one_of(st.just("*"), span), st.integers(1, 12)).map(lambda two: f"{two[0]}/{two[1]}")
    one = st.one_of(number.map(str), span, step)
    return st.one_of(st.just("*"), one, st.lists(number.map(str), min_size=2, max_size=3).map(",".join))


CRON = st.tuples(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7)).map(" ".join)
INTERVAL = st.tuples(
    st.integers(1, 50), st.sampled_from("smhdw"), st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1))
)
EVERY = INTERVAL.map(lambda given: calendars.every(f"{given[0]}{given[1]}", given[2].replace(tzinfo=UTC)))


@settings(deadline=None, max_examples=80)
@given(
    st.one_of(CRON, EVERY),
    st.sampled_from(ZONES),
    st.datetimes(datetime(2010, 1, 1), datetime(2035, 1, 1)).map(lambda d: d.replace(tzinfo=UTC)),
)
@example("*/10 * * * *", LORD_HOWE, at("2027-04-03T14:20:00+00:00"))
@example("*/7 1-3 * * *", LORD_HOWE, at("2027-10-02T15:00:00+00:00"))
@example("45 1 * * *", LORD_HOWE, at("2027-04-03T15:05:00+00:00"))
@example("30 9 * * *", ZoneInfo("Pacific/Apia"), at("2011-12-29T20:00:00+00:00"))
@example("10,50 0-3 * * *", BERLIN, at("2027-10-31T00:40:00+00:00"))
def test_property_times_only_go_forward_and_the_next_one_is_the_next(
    spec: str, zone: ZoneInfo, start: datetime
) -> None:
    """However it is asked for, the calendar has the same times: all at once, or each after the one before."""
    calendars.check(spec)
    end = start + timedelta(days=400)
    found = calendars.occurrences(spec, zone, start, end, 25)
    assert all(one < other for one, other in zip(found, found[1:], strict=False))
    assert all(start <= moment < end for moment in found)
    moment = start - timedelta(microseconds=1)
    for expected in found:
        following = calendars.next_after(spec, zone, moment)
        assert following == expected, f"after {moment}"
        # Asked at any moment before it, it is the same.
        assert calendars.next_after(spec, zone, expected - timedelta(microseconds=1)) == expected
        moment = expected


@settings(deadline=None, max_examples=150)
@given(st.text("0123456789*/-,LW#@ MONabc", max_size=25))
def test_property_no_text_is_more_than_a_refusal(text: str) -> None:
    assert calendars.explain(text)
