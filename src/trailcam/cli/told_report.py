"""What a run or a backfill came to, in words, on stderr."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from trailcam.cli.output import count, grouped, say
from trailcam.cli.told_correlations import tell_left, tell_not_looked_at
from trailcam.errors import ERRORS, nearest

if TYPE_CHECKING:
    from trailcam.app.load import Loaded
    from trailcam.app.report import Report

_MOST_TOLD = 10


def tell_report(report: "Report", loaded: "Loaded", *, noun: str = "file") -> None:
    """The summary in words, on stderr. `noun` is what an origin is."""
    letters = sum(report.letters.values())
    say(
        f"{count(report.origins, noun)}, {count(report.records, 'record')}"
        f" = {count(report.events.distinct, 'event')} + {count(report.duplicates, 'duplicate')}"
        f" + {count(letters, 'dead letter')}"
    )
    found = [count(len(report.matches), "match", "matches"), count(len(report.windows), "window")]
    rate = report.records / report.seconds if report.seconds else 0
    found.append(f"{count(len(report.alerts), 'alert')}; {report.seconds:.1f} s, {rate:,.0f} records/s")
    say(", ".join(found))
    new = report.new
    say(
        f"new: {count(new.events, 'event')}, {count(new.matches, 'match', 'matches')}, "
        f"{count(new.windows, 'window')}, {count(new.alerts, 'alert')}"
    )
    for reason, number in sorted(report.letters.items()):
        say(f"dead letters: {number:,} {ERRORS[reason].title} [{reason}]")
        for letter in report.first_letters:
            if letter.reason == reason:
                place = f" at byte {letter.position:,}" if letter.position >= 0 else ""
                say(f"  {letter.origin_name}{place}: {letter.detail}")
        if number > _MOST_TOLD:
            say(f"  and {number - _MOST_TOLD:,} more: --dead-letters FILE writes all of them")
    for rule_id, errors in grouped(report.errors, lambda error: error.rule_id).items():
        say(f"rule errors: {count(len(errors), 'event')} in {rule_id}, first {errors[0].error}")
        say(f"  {errors[0].function}: {errors[0].message}")
    for (rule_id, reason), entries in grouped(
        report.not_run, lambda entry: (entry.rule_id, entry.reason)
    ).items():
        say(f"not run: {rule_id} did not see {count(sum(e.events for e in entries), 'event')}:")
        say(f"  {ERRORS[reason].title} [{reason}]; {ERRORS[reason].cure}")
        for entry in entries[:_MOST_TOLD]:
            say(f"  {count(entry.events, 'event')} of {entry.origin_name}")
        if len(entries) > _MOST_TOLD:
            say(f"  and {len(entries) - _MOST_TOLD:,} more {noun}s")
    for rule_id, number in report.waiting:
        say(f"waiting: {rule_id} keeps state, and sees {count(number, 'event')} in their turn")
    for rule_id, name, number, first in report.fallbacks:
        say(f"fallback: {name}() of {rule_id} failed on {count(number, 'match', 'matches')}, first {first}")
    tell_left(report.left)
    tell_not_looked_at(report.cut, report.kept_without)
    conflicts = report.events.conflicting_ids
    if conflicts:
        say(f"{count(conflicts, 'vendor id')} used by more than one event: all are kept")
    for words, number in (
        ("with the bytes of a file read before: passed over", report.repeated),
        ("without a log's name in the folders: passed over", len(report.skipped)),
        ("empty", len(report.empty)),
    ):
        if number:
            say(f"{count(number, 'file')} {words}")
    if not loaded.packs:
        say("no rules were run: name some with --packs or --rules")
    elif not loaded.rules:
        say("no rules were run: " + ("all are switched off" if loaded.disabled else "none was found"))
    _tell_correlations(loaded)
    _tell_without_schema(loaded.without_schema)
    for name, tables in loaded.never_asked.items():
        asked = f"{count(len(tables), 'lookup table')} for {name}"
        say(f"never asked: {asked}, of which there is no schema: bring it with --log-types")
    ids = [rule.id for pack in loaded.packs for rule in pack.rules]
    near = {rule_id: hint for rule_id in loaded.not_configured if (hint := nearest(rule_id, ids))}
    for rule_id, hint in near.items():
        say(f'settings for "{rule_id}", which is none of these rules: {hint}')
    others = [rule_id for rule_id in loaded.not_configured if rule_id not in near]
    if others:
        say(f"settings for rules that are not among these: {', '.join(others)}")
    if loaded.disabled:
        say(f"{count(len(loaded.disabled), 'rule')} switched off in their metadata")
    tell_not_run(loaded)


def _tell_correlations(loaded: "Loaded") -> None:
    """Correlation rules that did not run."""
    for rule_id, absent in list(loaded.not_correlated.items())[:_MOST_TOLD]:
        say(f"never run: {rule_id} looks at matches of {', '.join(absent)}: not loaded, or switched off")
    if len(loaded.not_correlated) > _MOST_TOLD:
        say(f"  and {len(loaded.not_correlated) - _MOST_TOLD:,} more correlation rules")


def tell_not_run(loaded: "Loaded") -> None:
    """The items of kinds that the command does not run, on stderr."""
    for kind, number in loaded.not_loaded.items():
        say(f"never run: {count(number, kind)}")


def _tell_without_schema(rules_for: Mapping[str, Collection[str]]) -> None:
    """Log types of which there is no schema, with their rules: each, or of many those with most rules."""
    if len(rules_for) <= _MOST_TOLD:
        for name, rule_ids in rules_for.items():
            rules = count(len(rule_ids), "rule")
            say(f"never run: {rules} for {name}, of which there is no schema: bring it with --log-types")
        return
    rules = count(len(set().union(*rules_for.values())), "rule")
    say(f"never run: {rules} for {len(rules_for)} log types, of which there is no schema:")
    say("  bring them with --log-types")
    most = sorted(rules_for, key=lambda name: (-len(rules_for[name]), name))[:_MOST_TOLD]
    for name in most:
        say(f"  {count(len(rules_for[name]), 'rule')} for {name}")
    say(f"  and {len(rules_for) - _MOST_TOLD:,} more log types")
