"""Where the lab's runs take place: the demonstration desk at a fixed time, on files of their own."""

import io
import os
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from checkpoints.strict import enable_strict
from countersign.domain.ticket import Message
from countersign.lab.forks import in_child
from countersign.opening import Opening
from countersign.runtime import open_runtime
from countersign.settings import Settings, demonstration_desk

if TYPE_CHECKING:
    from countersign.compose import Loaded


@dataclass
class LabClock:
    """Stands still until it is moved."""

    time: datetime = field(default_factory=lambda: datetime(2026, 11, 16, 9, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.time

    def move(self, **amounts: float) -> None:
        """By so much, forwards or back; named as `timedelta` names them."""
        self.time += timedelta(**amounts)


@dataclass(frozen=True, slots=True)
class Stage:
    """A prepared desk that any number of processes may copy and open."""

    folder: Path
    loaded: "Loaded"

    def fresh(self, name: str, source: Path | None = None) -> Path:
        """A copy of the prepared runtime folder, or of another; nobody writes to the model, so it is not copied."""
        target = self.folder / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source or self.folder / "prepared", target, ignore=shutil.ignore_patterns("triage", "locks"))
        return target

    def open(
        self,
        var: Path,
        clock: LabClock | None = None,
        on_point: Callable[[str], None] | None = None,
        **changes: BaseModel,
    ) -> Opening:
        """The desk on those files; `changes` are settings that differ, such as `model`."""
        settings = _settings(var).model_copy(update=changes)
        return open_runtime(settings, clock=clock or LabClock(), on_point=on_point, loaded=self.loaded)


@contextmanager
def stage() -> Generator[Stage]:
    """Prepares a desk in a temporary folder, which is removed afterwards."""
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a process that forks has no threads
    enable_strict()
    from countersign.compose import load

    with tempfile.TemporaryDirectory(prefix="countersign-lab-") as folder:
        prepared = Path(folder) / "prepared"
        in_child(lambda: _prepare(prepared))
        loaded = load(_settings(prepared))
        loaded.shipped().predict("", "Where is my parcel?", "en")  # its libraries are read once, before the forks
        yield Stage(Path(folder), loaded)


def sample_mail(*beginnings: str) -> list[Message]:
    """The demonstration mails whose file names begin so."""
    from countersign.adapters.blobs import FolderBlobs
    from countersign.adapters.mail import read_sources
    from countersign.desk import load_desk

    mail = load_desk(demonstration_desk()).settings.mail
    files = [str(path) for name in beginnings for path in sorted((demonstration_desk() / "mail").glob(f"{name}-*"))]
    with tempfile.TemporaryDirectory() as blobs:
        items = list(read_sources(files, FolderBlobs(Path(blobs)), mail, io.BytesIO()))
    return [item for item in items if isinstance(item, Message)]


def _settings(var: Path) -> Settings:
    """What the demonstration desk has by itself, whatever the environment says."""
    return Settings(var=var, desk=demonstration_desk(), shop=f"sqlite:///{var / 'shop.db'}", outbox="maildir")


def _prepare(var: Path) -> None:
    """In a process of its own, because training leaves threads behind."""
    with open_runtime(_settings(var), clock=LabClock()):
        pass
