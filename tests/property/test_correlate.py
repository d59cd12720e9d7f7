"""Correlation rules are a pure, local function of the set of matches; the oracle is the prose once more."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from random import Random
from typing import Any, TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from trailcam.model.correlation import Correlation, Criterion, Step, Transition
from trailcam.model.derived import DerivedMatch, GroupValue, SourceMatch, Stretch, groups_of
from trailcam.model.timestamps import MINUTE, Micros
from trailcam.pipeline.correlate import correlate, row_ids
from trailcam.pipeline.correlate_stretch import due, reaches, touched, wait

LOOK_BACK = 10
RULES = ("R0", "R1", "R2", "R3")
FIELDS = ("f", "g")


# -- what is drawn -----------------------------------------------------------------------------------------
#
# Most of what can go wrong needs three steps and five matches in their places. Drawn by a generator of random
# numbers a case costs next to nothing, so there are many; they are small enough to be read as they are.

CASES = 10
"""Cases of one example."""

randoms = st.randoms(use_true_random=True)


def steps(random: Random) -> tuple[Step, ...]:
    number = random.randint(1, 4)
    same_rules = random.random() < 0.4
    found = []
    for index in range(number):
        absent = random.random() < 0.3
        least = random.choice([1, 1, 1, 2, 3])
        most = None if absent or random.random() < 0.8 else least + random.randint(0, 1)
        rule_id = random.choice(RULES[:2]) if same_rules else RULES[index]
        found.append(Step(id=f"S{index}", rule_id=rule_id, least=least, most=most, absent=absent))
    if all(step.absent for step in found):
        at = random.randrange(number)
        found[at] = replace(found[at], absent=False)
    return tuple(found)


def transitions(drawn: Sequence[Step], random: Random) -> Iterator[Transition]:
    """From each step to the next that is there, and to and from the absent ones at both ends."""
    present = [index for index, step in enumerate(drawn) if not step.absent]
    pairs = list(pairwise(present))
    pairs += [(index, present[0]) for index in range(present[0])]
    pairs += [(present[-1], index) for index in range(present[-1] + 1, len(drawn))]
    for first, last in pairs:
        if random.random() < 0.6:
            within = random.choice([2, 5, 10])
            yield Transition(from_step=drawn[first].id, to_step=drawn[last].id, within_minutes=within)


def criteria(drawn: Sequence[Step], random: Random) -> Iterator[Criterion]:
    """None, one value that all have at one field, or one or two that each has at fields of its own."""
    alike = random.random() < 0.4
    for name in random.choice([[], ["x"], ["x"], ["x", "y"]]):
        fields = [(step.id, field) for step in drawn for field in some_fields(random, alike=alike)]
        yield Criterion(name=name, fields=tuple(fields))


def some_fields(random: Random, *, alike: bool) -> Sequence[str]:
    return FIELDS[:1] if alike else random.choice([FIELDS[:1], FIELDS[1:], FIELDS])


def correlation(random: Random) -> Correlation:
    drawn = steps(random)
    is_sequence = random.random() < 0.6
    there = sum(not step.absent for step in drawn)
    return Correlation(
        rule_id="C",
        steps=drawn,
        is_sequence=is_sequence,
        transitions=tuple(transitions(drawn, random)) if is_sequence else (),
        criteria=tuple(criteria(drawn, random)),
        least_steps=None if is_sequence else random.choice([None, None, random.randint(1, there)]),
        look_back_minutes=LOOK_BACK,
    )


def time(random: Random, *, most: int = 9) -> Micros:
    beside = random.choice([0, 0, 0, 0, 0, -1, 1])
    return Micros(100 * MINUTE + random.randint(0, most) * MINUTE * 5 // 2 + beside)


def match_set(rule: Correlation, random: Random) -> list[SourceMatch]:
    """Matches of the rule's steps, most of them in one group, no two of a rule with the same row: near each
    other, or so far apart that what is between may be near to two that are not."""
    most = random.choice([9, 9, 15])
    rule_ids = sorted({step.rule_id for step in rule.steps})
    return [
        SourceMatch(
            rule_id=random.choice(rule_ids),
            row_id=f"r{row}",
            event_time=time(random, most=most),
            values={
                field: random.choice([("a",)] * 4 + [("b",), ("a", "b"), ("a", "b"), ()]) for field in FIELDS
            },
        )
        for row in range(random.randint(0, 10))
    ]


def cases(random: Random) -> Iterator[tuple[Correlation, list[SourceMatch]]]:
    for _ in range(CASES):
        rule = correlation(random)
        matches = match_set(rule, random)
        yield rule, matches


# -- the oracle --------------------------------------------------------------------------------------------


def oracle(rule: Correlation, matches: Sequence[SourceMatch], watermark: Micros | None = None) -> set[str]:
    """The row ids of all derived matches: each group, each anchor, by the words of the docstrings."""
    groups = {
        group
        for match in matches
        for step in rule.steps
        if step.rule_id == match.rule_id
        for group in groups_of(rule, step, match)
    }
    return {
        row_ids(rule.rule_id, group)(anchor)
        for group in groups
        for anchor in matches
        if watermark is None or not rule.waits or anchor.event_time + wait(rule) < watermark
        if is_anchor(rule, group, anchor, matches)
    }


def is_anchor(
    rule: Correlation, group: GroupValue, anchor: SourceMatch, matches: Sequence[SourceMatch]
) -> bool:
    lists = [
        [
            match
            for match in matches
            if match.rule_id == step.rule_id and group in groups_of(rule, step, match)
        ]
        for step in rule.steps
    ]
    for step, own in zip(rule.steps, lists, strict=True):
        limit = step.most if step.most is not None else step.least - 1
        if (step.most is not None or (step.absent and not rule.is_sequence)) and any(
            max(spread) - min(spread) <= rule.look_back
            for crowd in combinations(own, limit + 1)
            for spread in [[anchor.event_time, *(match.event_time for match in crowd)]]
        ):
            return False
    if rule.is_sequence:
        return any(chain_fits(rule, lists, chain) for chain in chains(rule, lists, anchor))
    there = [
        anchor in own
        for step, own in zip(rule.steps, lists, strict=True)
        if not step.absent
        and sum(0 <= anchor.event_time - match.event_time <= rule.look_back for match in own) >= step.least
    ]
    needed = rule.least_steps or sum(not step.absent for step in rule.steps)
    return len(there) >= needed and any(there)


Run: TypeAlias = tuple[SourceMatch, ...]


def place(rule: Correlation, match: SourceMatch) -> Any:
    if len({step.rule_id for step in rule.steps}) < len(rule.steps):
        return (match.event_time, match.row_id, match.rule_id)
    return match.event_time


def follows(rule: Correlation, match: SourceMatch, other: SourceMatch) -> bool:
    """Whether `match` may stand after `other`."""
    return match != other and place(rule, match) >= place(rule, other)


def chains(
    rule: Correlation, lists: Sequence[Sequence[SourceMatch]], anchor: SourceMatch
) -> Iterator[dict[int, Run]]:
    """Every way to give each present step its matches in order, the last of them the anchor."""
    present = [index for index, step in enumerate(rule.steps) if not step.absent]

    def runs(index: int) -> Iterator[Run]:
        ordered = sorted(lists[index], key=lambda match: (match.event_time, match.row_id, match.rule_id))
        for end in range(rule.steps[index].least, len(ordered) + 1):
            yield tuple(ordered[end - rule.steps[index].least : end])

    def extend(done: dict[int, Run], left: list[int]) -> Iterator[dict[int, Run]]:
        if not left:
            yield done
            return
        for run in runs(left[0]):
            if len(left) == 1 and run[-1] != anchor:
                continue
            if not done or follows(rule, run[0], list(done.values())[-1][-1]):
                yield from extend({**done, left[0]: run}, left[1:])

    yield from extend({}, present)


def frame(rule: Correlation, first: int, last: int) -> int:
    for each in rule.transitions:
        if (each.from_step, each.to_step) == (rule.steps[first].id, rule.steps[last].id):
            return min(each.within_minutes or LOOK_BACK, LOOK_BACK) * MINUTE
    return rule.look_back


def chain_fits(rule: Correlation, lists: Sequence[Sequence[SourceMatch]], chain: dict[int, Run]) -> bool:
    present = list(chain)
    first, last = chain[present[0]], chain[present[-1]]
    if last[-1].event_time - first[0].event_time > rule.look_back:
        return False
    for one, other in pairwise(present):
        if chain[other][-1].event_time - chain[one][-1].event_time > frame(rule, one, other):
            return False
    for index, step in enumerate(rule.steps):
        if not step.absent:
            continue
        before = [other for other in present if other < index]
        after = [other for other in present if other > index]
        there = []
        for match in lists[index]:
            time = match.event_time
            if before and not follows(rule, match, chain[before[-1]][-1]):
                continue
            if after and not follows(rule, chain[after[0]][0], match):
                continue
            if not before and chain[after[0]][-1].event_time - time > frame(rule, index, after[0]):
                continue
            if not after and time - chain[before[-1]][-1].event_time > frame(rule, before[-1], index):
                continue
            there.append(match)
        if len(there) >= step.least:
            return False
    return True


# -- what holds --------------------------------------------------------------------------------------------


@given(randoms)
def test_it_says_what_the_prose_says(random: Random) -> None:
    for rule, matches in cases(random):
        watermark = time(random) if random.random() < 0.3 else None
        said = correlate(rule, matches, watermark=watermark)
        assert {derived.row_id for derived in said} == oracle(rule, matches, watermark)
        assert len({derived.row_id for derived in said}) == len(said)


@given(randoms)
def test_neither_order_nor_repetition_matters(random: Random) -> None:
    for rule, matches in cases(random):
        again = [*matches, *matches[:3]]
        random.shuffle(again)
        assert correlate(rule, again) == correlate(rule, matches)


@given(randoms)
def test_without_an_upper_bound_nothing_that_was_said_is_taken_back(random: Random) -> None:
    for drawn, matches in cases(random):
        rule = replace(drawn, steps=tuple(replace(step, absent=False, most=None) for step in drawn.steps))
        some = [match for match in matches if random.random() < 0.7]
        before = {derived.row_id for derived in correlate(rule, some)}
        assert before <= {derived.row_id for derived in correlate(rule, matches)}


class Kept:
    """Keeps derived matches up to date from what has changed alone, as the state will."""

    def __init__(self, rule: Correlation) -> None:
        self.rule = rule
        self.matches: dict[tuple[str, str], SourceMatch] = {}
        self.said: dict[str, DerivedMatch] = {}
        self.watermark: Micros | None = None

    def change(
        self,
        come: Iterable[SourceMatch] = (),
        gone: Iterable[SourceMatch] = (),
        watermark: Micros | None = None,
    ) -> None:
        stretches: list[Stretch] = []
        for match in come:
            self.matches[match.rule_id, match.row_id] = match
            stretches += touched(self.rule, match)
        for match in gone:
            self.matches.pop((match.rule_id, match.row_id), None)
            stretches += touched(self.rule, match)
        if watermark is not None and (self.watermark is None or watermark > self.watermark):
            span = due(self.rule, self.watermark, watermark)
            self.watermark = watermark
            stretches += [Stretch(group, *span) for group in self.groups() if span is not None]
        for stretch in stretches:
            self.evaluate(stretch)

    def groups(self) -> set[GroupValue]:
        return {
            group
            for match in self.matches.values()
            for step in self.rule.steps
            if step.rule_id == match.rule_id
            for group in groups_of(self.rule, step, match)
        }

    def evaluate(self, stretch: Stretch) -> None:
        self.said = {
            row: derived
            for row, derived in self.said.items()
            if derived.group != stretch.group or not stretch.start <= derived.event_time <= stretch.end
        }
        read = list(self.read(stretch))
        found = correlate(self.rule, read, watermark=self.watermark or Micros(0), stretches=[stretch])
        self.said.update((derived.row_id, derived) for derived in found)

    def read(self, stretch: Stretch) -> Iterator[SourceMatch]:
        """What `reaches` names and nothing else."""
        by_id = {step.id: step for step in self.rule.steps}
        for reach in reaches(self.rule, stretch):
            own = sorted(
                (
                    match
                    for match in self.matches.values()
                    if match.rule_id == reach.rule_id
                    and reach.since <= match.event_time <= reach.until
                    and stretch.group in groups_of(self.rule, by_id[reach.step_id], match)
                ),
                key=lambda match: (match.event_time, match.row_id, match.rule_id),
            )
            before = [match for match in own if match.event_time < stretch.start]
            after = [match for match in own if match.event_time > stretch.end]
            yield from before if reach.latest is None else before[max(0, len(before) - reach.latest) :]
            yield from (match for match in own if stretch.start <= match.event_time <= stretch.end)
            yield from after[: reach.earliest]


@given(randoms)
def test_kept_up_to_date_from_the_changes_alone_it_is_what_the_whole_says(random: Random) -> None:
    for rule, matches in cases(random):
        left = random.sample(matches, len(matches))
        kept = Kept(rule)
        while left:
            size = random.randint(1, len(left))
            batch, left = left[:size], left[size:]
            kept.change(batch, watermark=time(random) if random.random() < 0.5 else None)
            if random.random() < 0.3:
                kept.change(gone=[random.choice(batch)])
            whole = correlate(rule, kept.matches.values(), watermark=kept.watermark or Micros(0))
            assert sorted(kept.said.values(), key=row_id_of) == sorted(whole, key=row_id_of)


def row_id_of(derived: DerivedMatch) -> str:
    return derived.row_id
