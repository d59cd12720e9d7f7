"""What a burst costs correlation rules: CPU seconds for matches of one group, spread over one day.

`python -m bench.correlation [--matches N]`. Each kind of rule gets all of them at once; then a group of two
steps gets them in batches of ten, each with no more than what `reaches` names, as the state will.
"""

import argparse
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from trailcam.model.correlation import Correlation, Criterion, Step, Transition
from trailcam.model.derived import SourceMatch, Stretch
from trailcam.model.timestamps import DAY, Micros
from trailcam.pipeline.correlate import correlate
from trailcam.pipeline.correlate_stretch import joined, reaches, touched

A, B, C = (Step(id=name, rule_id=name, least=10) for name in "ABC")
ONE = Step(id="One", rule_id="B")
ABSENT = Step(id="Absent", rule_id="X", absent=True)


def group(*steps: Step) -> Correlation:
    criteria = (Criterion(name="who", fields=tuple((step.id, "user") for step in steps)),)
    return Correlation(rule_id="G", steps=steps, is_sequence=False, criteria=criteria, look_back_minutes=1800)


def sequence(*steps: Step) -> Correlation:
    transitions = tuple(
        Transition(from_step=steps[0].id, to_step=step.id, within_minutes=60, match=(("user", "user"),))
        for step in steps[1:]
    )
    return Correlation(
        rule_id="S", steps=steps, is_sequence=True, transitions=transitions, look_back_minutes=1800
    )


RULES = {
    "group of two, ten each": group(A, B),
    "the same, a third absent": group(A, B, ABSENT),
    "sequence of two": sequence(A, ONE),
    "sequence of three, ten each": sequence(A, B, C),
}


def burst(rule: Correlation, number: int) -> list[SourceMatch]:
    rules = [step.rule_id for step in rule.steps if not step.absent]
    return [
        SourceMatch(
            rule_id=rules[row % len(rules)],
            row_id=f"{row:032x}",
            event_time=Micros(row * DAY // number),
            values={"user": ("alice",)},
        )
        for row in range(number)
    ]


def in_batches(rule: Correlation, matches: Sequence[SourceMatch]) -> Iterator[int]:
    """How many derived matches each batch brings."""
    known: dict[str, list[SourceMatch]] = {step.rule_id: [] for step in rule.steps}
    for start in range(0, len(matches), 10):
        batch = matches[start : start + 10]
        for match in batch:
            known[match.rule_id].append(match)
        for of_group, spans in joined(each for match in batch for each in touched(rule, match)).items():
            for span in spans:
                stretch = Stretch(of_group, *span)
                needed: list[SourceMatch] = []
                for reach in reaches(rule, stretch):
                    own = known[reach.rule_id]
                    begin = bisect_left(own, stretch.start, key=lambda match: match.event_time)
                    needed += own[max(0, begin - (reach.latest or 0)) :]
                yield len(correlate(rule, needed, stretches=[stretch]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--matches", type=int, default=100_000)
    number = parser.parse_args().matches
    for name, rule in RULES.items():
        matches = burst(rule, number)
        begin = time.process_time()
        said = len(correlate(rule, matches))
        print(f"{name}: {time.process_time() - begin:.1f} s, {said:,} derived of {number:,} matches")
    rule = RULES["group of two, ten each"]
    matches = burst(rule, number)
    begin = time.process_time()
    said = sum(in_batches(rule, matches))
    print(f"in batches of ten: {time.process_time() - begin:.1f} s, {said:,} derived")


if __name__ == "__main__":
    main()
