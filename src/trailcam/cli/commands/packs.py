"""`trailcam packs`: versions of the rules, and how new ones come into force while events flow."""

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trailcam.cli.options import ConfigOption, HomeOption, LogTypesOption
from trailcam.cli.output import Format, count, print_table, printable, say, say_problem, to_json
from trailcam.cli.told_remarks import tell_remarks
from trailcam.errors import Problem, TrailcamError, code
from trailcam.model.timestamps import SECOND, Micros, to_rfc3339

if TYPE_CHECKING:
    from trailcam.app.deploy.record import Deployed
    from trailcam.app.deploy.wishes import Answer, What
    from trailcam.app.home import Home
    from trailcam.settings.git_pack import GitPack
    from trailcam.settings.schema import Settings

_LISTED = 20
_TOLD = 20
_SHORT = 12


class Verb(StrEnum):
    """What is wanted."""

    list = "list"
    check = "check"
    reload = "reload"
    rollback = "rollback"


def command(
    verb: Annotated[Verb, typer.Argument(help="What to do; see above.")],
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME...", help="Of list and rollback: an id. Of check: packs."),
    ] = None,
    *,
    log_types: LogTypesOption = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, help="How many seconds to wait for a server.")
    ] = 300.0,
    form: Annotated[Format, typer.Option("--format", help="How to print a list.")] = Format.table,
    home: HomeOption = None,
    config: ConfigOption = None,
) -> int:
    """List versions of the rules, check packs, reload them, or go back.

    list: what was in force and what was refused, the newest first; of an id, all that is known.
    check: load the packs of the settings, or those that are named, and run their tests; switch nothing.
    reload: have the server that runs on this home switch to the packs as they are now, if they are well.
    rollback: go back to the version before, or to that of an id.

    Exit code 1: refused, and what was in force goes on.

    \b
    Examples:
      trailcam packs check detections/
      trailcam packs rollback 01KAV7
    """
    from trailcam.settings.read import read_settings  # noqa: PLC0415  # only when it is used

    def read() -> "Settings":
        return read_settings(folder=Path.cwd(), environment=os.environ, file=config)

    settings = read()
    if verb is Verb.check:
        return _check(settings, names or [], log_types or [])
    name = _one(verb, names or [])
    if verb is Verb.list:
        from trailcam.app.home import open_home  # noqa: PLC0415  # only when it is used

        _list(open_home(home or settings.home), name, form)
        return 0
    from trailcam.app.deploy.asking import ask  # noqa: PLC0415  # only when it is used
    from trailcam.app.deploy.wishes import What  # noqa: PLC0415  # the same
    from trailcam.app.home import make_home  # noqa: PLC0415  # the same

    opened, what = make_home(home or settings.home), What(verb.value)
    answer = ask(what, read, opened, deployed_id=name, log_types=log_types or [], seconds=timeout)
    return _tell(opened, what, answer)


def _one(verb: Verb, names: list[str]) -> str:
    most = 0 if verb is Verb.reload else 1
    if len(names) > most:
        message = f'{verb.value} takes {"no name" if not most else "one id"}; found "{names[most]}"'
        hint = "see trailcam packs --help"
        raise TrailcamError(Problem(code=code("bad_option"), message=message, hint=hint))
    return names[0] if names else ""


# -- check -------------------------------------------------------------------------------------------------


def _check(settings: "Settings", names: list[str], log_types: list[Path]) -> int:
    from trailcam.app.deploy.asking import check  # noqa: PLC0415  # only when it is used

    checked = check(
        settings,
        packs=[_named(name) for name in names],
        log_types=log_types,
        workers=os.cpu_count() or 1,
    )
    for problem in checked.problems:
        say_problem(problem)
    if checked.problems:
        say(f"refused: {count(len(checked.problems), 'problem')}")
        return 1
    tell_remarks(checked.remarks)
    off = f", {checked.disabled:,} switched off" if checked.disabled else ""
    print(f"{count(checked.rules, 'rule')}{off}, {count(checked.tests, 'test')} passed")
    for source in checked.sources:
        print(f"  {printable(source)}")
    print(f"version {checked.pack}")
    return 0


def _named(name: str) -> "Path | GitPack":
    from trailcam.settings.git_pack import FORM  # noqa: PLC0415  # only when it is used
    from trailcam.settings.read import pack_named  # noqa: PLC0415  # the same

    try:
        return pack_named(name, seen_from=Path())
    except ValueError as error:
        message = f"a pack from git is not understood: {error}"
        problem = Problem(code=code("bad_git_pack"), message=message, hint=f"say {FORM}")
        raise TrailcamError(problem) from None


# -- reload, rollback ----------------------------------------------------------------------------------------


def _tell(home: "Home", what: "What", answer: "Answer") -> int:
    from trailcam.app.deploy.record import find  # noqa: PLC0415  # only when it is used
    from trailcam.app.deploy.wishes import Outcome  # noqa: PLC0415  # the same

    if answer.outcome is Outcome.REFUSED:
        for problem in answer.reasons[:_TOLD]:
            say_problem(problem)
        if len(answer.reasons) > _TOLD:
            say(f"{len(answer.reasons) - _TOLD:,} more: trailcam packs list {answer.deployed_id}")
        say("refused: what was in force goes on")
        return 1
    if not answer.deployed_id:
        say("there are no packs, and none was in force")
        return 0
    row = find(home.database, answer.deployed_id)
    words = "in force already" if answer.outcome is Outcome.UNCHANGED else "in force"
    print(f"{words}: {row.id}, {count(len(row.rules), 'rule')}, version {row.pack[:_SHORT]}")
    if what.value == Verb.rollback and row.not_again:
        say("packs as they were before this come back only by trailcam packs reload, or when they change")
    return 0


# -- list ----------------------------------------------------------------------------------------------------


def _list(home: "Home", name: str, form: Format) -> None:
    from trailcam.app.deploy.record import find, listed  # noqa: PLC0415  # only when it is used

    if name:
        found = find(home.database, name)
        if form is Format.table:
            _print_one(found)
        else:
            print(to_json(_row(found, whole=True)))
        return
    versions = listed(home.database)
    if form is not Format.table:
        rows = [to_json(_row(version)) for version in versions]
        print("\n".join(rows) if form is Format.jsonl else "[" + ",\n ".join(rows) + "]")
        return
    shown = [
        {
            "id": version.id,
            "status": version.status.value,
            "since": to_rfc3339(_to_second(version.in_force_at or version.decided_at)),
            "rules": len(version.rules),
            "packs": _about(version),
        }
        for version in versions[:_LISTED]
    ]
    print_table(shown, "versions of the rules", last="packs")
    if len(versions) > _LISTED:
        say(f"{len(versions) - _LISTED:,} more: --format jsonl prints all of them")


def _about(version: "Deployed") -> str:
    """What a line of the list ends in: where it is from, and what it is."""
    named = ", ".join(version.sources) or "no packs"
    if version.reasons:
        more = f" and {version.reasons_all - 1:,} more" if version.reasons_all > 1 else ""
        return f"{named}: {version.reasons[0].message}{more}"
    return f"{named}, version {version.pack[:_SHORT]}" if version.pack else named


def _row(version: "Deployed", *, whole: bool = False) -> dict[str, Any]:
    """A version with the fixed keys of `--format json`; `rules` are told of one only."""
    at = version.in_force_at
    row = {
        "deployment_id": version.id,
        "status": version.status.value,
        "by": version.by.value,
        "pack": version.pack or None,
        "rules": len(version.rules),
        "packs": list(version.sources),
        "taken_at": to_rfc3339(version.taken_at),
        "decided_at": to_rfc3339(version.decided_at),
        "in_force_at": None if at is None else to_rfc3339(at),
        "reasons": [
            {
                "code": each.code,
                "message": each.message,
                "path": None if each.path is None else str(each.path),
                "line": each.line,
            }
            for each in version.reasons
        ],
        "reasons_all": version.reasons_all,
    }
    return row | {"rule_versions": dict(version.rules)} if whole else row


def _print_one(version: "Deployed") -> None:
    at = version.in_force_at
    for name, value in (
        ("id", version.id),
        ("status", version.status.value),
        ("by", version.by.value),
        ("version", version.pack or "none"),
        ("looked at", to_rfc3339(_to_second(version.taken_at))),
        ("in force", "never" if at is None else f"since {to_rfc3339(_to_second(at))}"),
    ):
        print(f"{name:<11}{value}")
    print("packs")
    for source in version.sources:
        print(f"  {printable(source)}")
    if version.rules:
        print("rules")
    for rule_id, rule_version in version.rules.items():
        print(f"  {rule_version[:_SHORT]}  {printable(rule_id)}")
    if version.reasons:
        print(f"refused for {count(version.reasons_all, 'reason')}")
    for problem in version.reasons:
        print("\n".join(f"  {line}" for line in problem.render().splitlines()))
    if version.reasons_all > len(version.reasons):
        print(f"  and {version.reasons_all - len(version.reasons):,} more")


def _to_second(moment: Micros) -> Micros:
    return Micros(moment - moment % SECOND)
