"""Groups of examples that resemble one another, so that no held-out example has a near-copy in training."""

from collections import defaultdict
from collections.abc import Sequence

from countersign.domain.desk import Example
from countersign.triage.terms import similar_pairs
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
    """One number for each text; texts linked by similar phrases have the same one (union-find)."""
    parents = list(range(len(phrases)))

    def root(node: int) -> int:
        while parents[node] != node:
            parents[node] = node = parents[parents[node]]
        return node

    owners = [owner for owner, own in enumerate(phrases) for _ in own]
    pairs = similar_pairs([phrase for own in phrases for phrase in own], SIMILAR) if owners else []
    for first, second in pairs:
        low, high = sorted((root(owners[first]), root(owners[second])))
        parents[high] = low
    return [root(node) for node in range(len(phrases))]
