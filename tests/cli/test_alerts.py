"""`agenthq alert`, `agenthq doctor` and `agenthq support-bundle` on a box of their own."""

import zipfile
from pathlib import Path

from appliance.db.tenants import open_catalogue
from appliance.domain import alerts
from tests.cli.conftest import Run


def raised(box: Path) -> str:
    catalogue = open_catalogue(box)
    with catalogue.control() as control:
        alert = alerts.raise_(control, "disk.low", "", "critical", "1.0 GiB free (3.0%)")
    catalogue.close()
    return alert.id


def test_open_alerts_are_listed_with_what_to_do_until_somebody_looks_after_them(agenthq: Run, box: Path) -> None:
    assert agenthq("alert", "list").out == "No open alert.\n"
    id_ = raised(box)
    listed = agenthq("alert", "list")
    assert listed.code == 1
    assert "1.0 GiB free (3.0%)" in listed.out
    assert "Free some space" in listed.out
    assert agenthq("alert", "ack", id_).code == 0
    assert agenthq("alert", "list").code == 0
    assert agenthq("alert", "list", "--json").json["items"][0]["acknowledged_by"] == "system:cli"


def test_an_alert_that_is_over_is_among_the_past_ones(agenthq: Run, box: Path) -> None:
    raised(box)
    catalogue = open_catalogue(box)
    with catalogue.control() as control:
        alerts.clear(control, "disk.low", "")
    catalogue.close()
    assert [one["rule"] for one in agenthq("alert", "list", "--past", "--json").json["items"]] == ["disk.low"]


def test_channels_are_added_listed_tested_and_removed(agenthq: Run, box: Path) -> None:
    added = agenthq("alert", "channel", "add", "webhook", "http://127.0.0.1:9/in", "--name", "pager")
    assert "whsec_" in added.out
    assert "whsec_" not in agenthq("alert", "channel", "list", "--json").out
    tested = agenthq("alert", "test", "pager")
    assert (tested.code, "could not be reached" in tested.out) == (1, True)
    assert agenthq("alert", "channel", "remove", "pager").code == 0
    assert agenthq("alert", "channel", "list").out == "Nobody is told yet.\n"
    assert agenthq("alert", "test").code == 2


def test_a_channel_that_is_not_there_is_named_with_those_that_are(agenthq: Run, box: Path) -> None:
    agenthq("alert", "channel", "add", "email", "ops@acme.test")
    refused = agenthq("alert", "channel", "remove", "nobody")
    assert refused.code == 1
    assert "ops@acme.test" in refused.lines[-1]


def test_doctor_says_what_it_mended(agenthq: Run, box: Path) -> None:
    box.chmod(0o755)
    assert "chmod go-rwx" in agenthq("doctor").out
    mended = agenthq("doctor", "--fix", "--json").json
    assert [one["id"] for one in mended["mended"]] == ["data.private"]
    assert mended["ok"] is True
    assert box.stat().st_mode & 0o077 == 0


def test_doctor_exits_with_1_when_something_is_wrong(agenthq: Run, box: Path) -> None:
    (box / "keys" / "master.key").write_text("ab" * 32)
    assert agenthq("doctor").code == 1


def test_the_support_bundle_is_previewed_and_then_written(agenthq: Run, box: Path, tmp_path: Path) -> None:
    out = tmp_path / "support.zip"
    previewed = agenthq("support-bundle", "--preview", "--out", str(out))
    assert "doctor.json" in previewed.out
    assert not out.exists()
    assert '"sqlite.version"' in agenthq("support-bundle", "--preview", "--file", "doctor.json").out
    assert agenthq("support-bundle", "--preview", "--file", "nothing").code == 2
    assert agenthq("support-bundle", "--out", str(out)).code == 0
    with zipfile.ZipFile(out) as archive:
        assert "doctor.json" in archive.namelist()
    assert agenthq("support-bundle", "--out", str(out)).code == 2
