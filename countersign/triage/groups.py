"""Groups of examples that resemble one another, so that no held-out example has a near-copy in training."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from countersign.domain.desk import Example
from countersign.triage import linear
from countersign.triage.text import count_words, mask, sentences

SIMILAR = 0.8
"""Cosine of two sentences' character triples from which they count as one phrase."""
LEAST_WORDS = 4
BOILERPLATE = 4
"""A sentence under so many different requests says nothing of any of them ("Many thanks in advance")."""


def group(examples: Sequence[Example]) -> list[str]:
    """A group name for each example: those of one request that share a phrase, directly or by others, share a group."""
    phrases = [_phrases(example.text) for example in examples]
    common = _boilerplate(examples, phrases)
    names = [""] * len(examples)
    members: dict[str, list[int]] = defaultdict(list)
    for index, example in enumerate(examples):
        members[example.request].append(index)
    for request, indexes in members.items():
        distinct = [[phrase for phrase in phrases[index] if phrase not in common] for index in indexes]
        for index, number in zip(indexes, _linked(distinct), strict=True):
            names[index] = f"{request}/{number}"
    return names


def folds(names: Sequence[str], count: int) -> list[int]:
    """The fold of each example: whole groups, and each request's groups spread over the folds, largest first."""
    sizes: dict[str, int] = defaultdict(int)
    for name in names:
        sizes[name] += 1
    filled: dict[str, list[int]] = defaultdict(lambda: [0] * count)
    chosen: dict[str, int] = {}
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        load = filled[name.rpartition("/")[0]]
        chosen[name] = load.index(min(load))
        load[chosen[name]] += sizes[name]
    return [chosen[name] for name in names]


def _phrases(text: str) -> list[str]:
    return [phrase for phrase in map(mask, sentences(text)) if count_words(phrase) >= LEAST_WORDS]


def _boilerplate(examples: Sequence[Example], phrases: Sequence[Sequence[str]]) -> set[str]:
    requests: dict[str, set[str]] = defaultdict(set)
    for example, own in zip(examples, phrases, strict=True):
        for phrase in own:
            requests[phrase].add(example.request)
    return {phrase for phrase, named in requests.items() if len(named) >= BOILERPLATE}


def _linked(phrases: Sequence[Sequence[str]]) -> list[int]:
    """Numbers of the connected components of texts, an edge being a pair of similar phrases."""
    from scipy.sparse import coo_array  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
    from scipy.sparse.csgraph import connected_components  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

    owners = [owner for owner, own in enumerate(phrases) for _ in own]
    if not owners:
        return list(range(len(phrases)))
    pairs = linear.similar_pairs([phrase for own in phrases for phrase in own], SIMILAR)
    rows, columns = zip(*((owners[first], owners[second]) for first, second in pairs), strict=True)
    graph: Any = coo_array(([1] * len(rows), (rows, columns)), shape=(len(phrases), len(phrases)))
    numbers: Any = connected_components(graph, directed=False)[1]
    return [int(number) for number in numbers]
