"""From what is set to what sits in the seats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from countersign.domain.errors import SettingsError
from countersign.domain.frozen import digest
from countersign.domain.model import Engine, EngineKind, Tier
from countersign.llm.breaker import Breaker
from countersign.llm.endpoint import Endpoint, EndpointSettings
from countersign.llm.loop import Loop
from countersign.llm.seat import LocalSeat, Seat

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_HINT = "write openai:NAME, scripted:FILE, chaotic:SEED or hostile:SEED; in the large seat also offline"
_EMPTY: Mapping[Tier, str] = {"small": "", "large": "offline"}
"""What sits where nothing is set."""


@dataclass(slots=True)
class Seats:
    """Makes what sits in the seats; endpoints share one event loop, and a breaker where they share an address."""

    policy: str
    """The desk's policy, which a hostile model knows."""
    loop: Loop = field(default_factory=Loop)
    _breakers: dict[str, Breaker] = field(default_factory=dict[str, Breaker])

    def seat(self, tier: Tier, name: str, settings: EndpointSettings) -> Seat | None:
        """The seat that a setting such as `openai:gpt-5-mini` names; by default the offline planner is the agent.

        Raises SettingsError where it names nothing that can sit there.
        """
        kind, _, rest = (name or _EMPTY[tier]).partition(":")
        if not kind:
            return None
        where = f"COUNTERSIGN_MODEL__{tier.upper()}"
        makers: Mapping[str, Callable[[str, str], Seat]] = {
            "offline": _offline, "scripted": _scripted, "chaotic": self._chaotic, "hostile": self._hostile,
        }  # fmt: skip
        if kind == "openai" and rest:
            breaker = self._breakers.setdefault(settings.base_url, Breaker())
            return Endpoint(rest, settings, self.loop, breaker)
        if kind not in makers:
            raise SettingsError("names no model", where=where, hint=_HINT)
        return makers[kind](rest, where)

    def _chaotic(self, seed: str, where: str) -> Seat:
        from countersign.llm.chaotic import ChaoticModel

        return _local("chaotic", f"chaotic:{seed}", ChaoticModel(seed=_number(seed, where)))

    def _hostile(self, seed: str, where: str) -> Seat:
        from countersign.llm.chaotic import ChaoticModel

        model = ChaoticModel(seed=_number(seed, where), hostile=True, policy=self.policy)
        return _local("chaotic", f"hostile:{seed}", model)


def _offline(rest: str, where: str) -> Seat:
    from countersign.llm.offline import OFFLINE, OfflineChat

    if rest or not where.endswith("LARGE"):
        raise SettingsError("names no model", where=where, hint="the offline planner sits in the agent's seat alone")
    return LocalSeat(OFFLINE, OfflineChat())


def _scripted(path: str, where: str) -> Seat:
    from countersign.llm.scripted import read_script

    if not path:
        raise SettingsError("names no script", where=where, hint="write scripted:FILE")
    model = read_script(Path(path))
    return _local("scripted", Path(path).name, model)


def _local(kind: EngineKind, name: str, model: "BaseChatModel") -> Seat:
    return LocalSeat(Engine(kind=kind, name=name, settings=digest(name)), model)


def _number(text: str, where: str) -> int:
    if not text.isdecimal():
        raise SettingsError("the seed is no number", where=where, hint="for instance chaotic:7")
    return int(text)
