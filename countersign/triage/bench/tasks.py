"""Reads the public data sets in their published form, whole or in parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from countersign.domain.errors import SettingsError
from countersign.triage.bench.published import ARORA, BANKING77, CLINC150, Figure
from countersign.triage.decide import NONE
from countersign.triage.labelled import Labelled, outside, read_json, read_labelled

FOLDS = 5
"""Of the cross-validation where a part has no test file."""
_LEAST_SCORE = 0.1
"""The threshold of the published figures on HINT3."""


@dataclass(frozen=True)
class Task:
    """What is learnt from and what is tested on; without a test part it is cross-validated."""

    name: str
    learn: tuple[Labelled, ...]
    test: tuple[Labelled, ...]
    protocol: str
    published: tuple[Figure, ...] = ()


def clinc150(path: Path) -> list[Task]:
    """CLINC150's data_full.json, or a part of it: `{split: [[text, intent], ...]}`."""
    file = path / "data_full.json" if path.is_dir() else path
    splits = read_json(file)
    if not isinstance(splits, dict) or "train" not in splits:
        raise SettingsError("holds no split `train`", where=str(file), hint="give data_full.json of clinc/oos-eval")
    rows = {str(name): _pairs(own, f"{file}: {name}") for name, own in cast("dict[Any, Any]", splits).items()}
    tested = "test" if "test" in rows else "val"
    if tested not in rows:
        raise SettingsError("holds neither `test` nor `val`", where=str(file), hint="give data_full.json")
    told = f"learnt from train and oos_train, tested on {tested} and oos_{tested}"
    learn = (*rows["train"], *rows.get("oos_train", ()))
    return [Task("CLINC150", learn, (*rows[tested], *rows.get(f"oos_{tested}", ())), told, CLINC150)]


def banking77(path: Path) -> list[Task]:
    """BANKING77's folder with train.csv and test.csv, or one file, which is cross-validated."""
    if path.is_dir() and (path / "test.csv").exists():
        learn, test = read_labelled(path / "train.csv"), read_labelled(path / "test.csv")
        told = "learnt from train.csv, tested on test.csv"
    else:
        learn, test = read_labelled(path), ()
        told = f"no test.csv: cross-validated on {path.name}"
    return [Task(f"BANKING77, {len({own.request for own in learn})} intents", learn, test, told, BANKING77)]


def hint3(path: Path) -> list[Task]:
    """HINT3's folder: */train/<bot>_train.csv, */test/<bot>_test.csv, and the vendors' recorded predictions."""
    folders = [path / own for own in ("", "dataset", "v1", "dataset/v1", "v2", "dataset/v2")]
    found: list[Task] = []
    for bot in ("sofmattress", "curekart", "powerplay11"):
        learn = _first(folder / "train" / f"{bot}_train.csv" for folder in folders)
        if learn is None:
            continue
        test = _first(folder / "test" / f"{bot}_test.csv" for folder in folders)
        told = f"learnt from {learn.relative_to(path)}, "
        told += f"tested on {test.relative_to(path)}" if test else "no test file: cross-validated"
        rows = read_labelled(test) if test else ()
        vendors = [own for own in sorted(path.rglob(f"*_{bot}.csv")) if own.parent.name != "train"]
        found.append(Task(f"HINT3 {bot}", read_labelled(learn), rows, told, tuple(map(_vendor, vendors))))
    if not found:
        raise SettingsError("holds no train/<bot>_train.csv", where=str(path), hint="give the folder of HINT3")
    return found


BENCHES = {"clinc150": clinc150, "banking77": banking77, "hint3": hint3}


def _pairs(rows: object, where: str) -> tuple[Labelled, ...]:
    found: list[Labelled] = []
    for row in cast("Sequence[Any]", rows) if isinstance(rows, list) else ():
        if not (isinstance(row, list) and len(cast("list[Any]", row)) == 2):
            raise SettingsError("a row is not [text, intent]", where=where, hint="give data_full.json")
        text, intent = cast("list[Any]", row)
        found.append(Labelled(text=str(text), request=outside(str(intent))))
    return tuple(found)


def _vendor(path: Path) -> Figure:
    """A vendor's in-scope accuracy, from its recorded predictions."""
    import csv

    from countersign.triage.labelled import read_text

    right = asked = 0
    for row in csv.DictReader(read_text(path).splitlines(keepends=True)):
        if outside(row.get("label") or NONE) == NONE:
            continue
        asked += 1
        sure = float(row.get("predicted_node_score") or 0) >= _LEAST_SCORE
        right += sure and row.get("predicted_node") == row["label"]
    system = path.stem.partition("_")[0]
    value = round(100 * right / asked, 1) if asked else 0.0
    return Figure(system=system, measure="in-scope accuracy", value=value, source=ARORA)


def _first(paths: Any) -> Path | None:
    return next((path for path in paths if path.exists()), None)
