"""`triage calibrate`, `report` and `bench` as people run them."""

import json
from pathlib import Path

import pytest

from tests.cli.command import countersign, one_line

WORDS = {
    "cancel_order": "cancel stop withdraw revoke order purchase basket mistake",
    "invoice_copy": "invoice receipt bill tax document accounting paper proof",
    "login_help": "login password account locked link email access code",
    "none": "conference journalist weather elephant opera galaxy turtle sculpture",
}


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labelled CSV of three requests and of unknowns, in and out of the domain."""
    rows = ["text,request,in_domain"]
    for request, line in WORDS.items():
        words = line.split()
        for first in words:
            for second in words:
                mark = ("yes" if first < second else "no") if request == "none" else ""
                rows.append(f"{first} {second} {len(rows)},{request},{mark}")
    path = tmp_path_factory.mktemp("labelled") / "tickets.csv"
    path.write_text("\n".join(rows))
    return path


def test_calibrate_says_what_the_threshold_was_chosen_from(labelled: Path) -> None:
    """Threshold, counts, and how many examples a request of its own would need; as text and as JSON."""
    shown = countersign("triage", "calibrate", str(labelled), "--target-error", "0.05")
    assert shown.returncode == 0, shown.stderr
    assert "all requests together" in shown.stdout
    assert "A request needs 90 accepted" in shown.stdout
    found = json.loads(countersign("triage", "calibrate", str(labelled), "--target-error", "0.05", "--json").stdout)
    assert found["least_accepted"] == 90
    assert found["pooled"]["wrong"] <= 0.05 * found["pooled"]["accepted"]
    assert found["by_request"] == {}


def test_the_report_tells_unknowns_apart_and_draws_pictures(labelled: Path, tmp_path: Path) -> None:
    """In domain, out of domain and untaught requests are counted by themselves; each picture is an SVG."""
    words = ("triage", "report", str(labelled), "--target-error", "0.1", "--pictures", str(tmp_path / "new"), "--json")
    finished = countersign(*words)
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout)
    kinds = {one["kind"]: one["examples"] for one in found["unknowns"]}
    assert kinds == {
        "in domain, no request covers it": 28,
        "out of domain": 36,
        "in domain, a request never taught": pytest.approx(144, abs=20),
    }
    assert len(found["learning"]) == 4
    assert found["curve"]
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == [f"triage-{name}.svg" for name in ("confusion", "learning", "reliability", "risk-coverage")]
    assert all("<svg" in path.read_text() for path in (tmp_path / "new").iterdir())


def test_a_file_without_labels_is_one_line_with_the_next_step(tmp_path: Path) -> None:
    """So is a data set of another form, and a target that is no share."""
    (tmp_path / "a.csv").write_text("subject,body\nhello,there\n")
    for words in (("calibrate", "a.csv"), ("report", "a.csv"), ("bench", "banking77", "a.csv")):
        finished = countersign("triage", *words, cwd=tmp_path)
        assert finished.returncode == 2
        assert "a.csv:2: the row has no text or no label" in one_line(finished, "settings")
    assert countersign("triage", "calibrate", "a.csv", "--target-error", "2", cwd=tmp_path).returncode == 2
