"""Language models as the desk's decisions remember them: which tier was asked, and what answered."""

from typing import Literal

from countersign.domain.frozen import Frozen

Tier = Literal["small", "large"]
"""`small` reads and words; `large` sits in an agent's seat."""

EngineKind = Literal["offline", "endpoint", "scripted", "recorded", "chaotic"]


class Engine(Frozen):
    """What answers for a tier: its kind, its name, and a digest of its settings, in which there is no key."""

    kind: EngineKind
    name: str
    settings: str = ""
