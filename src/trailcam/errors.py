"""The one error table: every failure a user can meet has a code, a title, a cause and a cure.

Codes are never reused. The hundreds tell where: 01 use and settings, 02 rules, 03 log types,
04 what was read (these are also the reasons of dead letters), 05 running rules, 06 what is kept,
07 lookup tables, 08 sources that are followed and versions of rules, 09 what is simulated.
"""

import errno
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One row of the table: what a code means and what to do about it."""

    code: str
    name: str
    title: str
    cause: str
    cure: str


_TABLE = (
    # -- 01: use and settings ------------------------------------------------------------------------------
    (
        "TC0101",
        "path_not_found",
        "path not found",
        "A path given on the command line does not exist.",
        "Check the spelling; paths are relative to the folder you are in.",
    ),
    (
        "TC0102",
        "no_logs",
        "no log files in folder",
        "The folder holds no file that looks like a log (.json, .jsonl, .ndjson or .log, each also with .gz).",
        "Name the files themselves: a file given by name is read whatever it is called.",
    ),
    (
        "TC0103",
        "bad_setting",
        "setting not understood",
        "trailcam.toml or a TRAILCAM_ variable holds an unknown key or a value of the wrong type.",
        "Mend the key or its value; docs/reference/settings.md has all of them.",
    ),
    (
        "TC0104",
        "bad_option",
        "option not understood",
        "An option was given a value it does not take, or two options exclude each other.",
        "See the command's --help.",
    ),
    (
        "TC0105",
        "unknown_component",
        "no such component",
        "A name was used for which no folder and no entry point exists.",
        "The message lists the known names; an entry point needs its package installed in this environment.",
    ),
    (
        "TC0106",
        "cannot_write",
        "file cannot be written",
        "The operating system refused to write a file that an option names.",
        "Check the folder, its permissions and the space left on its disk.",
    ),
    (
        "TC0107",
        "already_there",
        "file is already there",
        "A file, or a folder with something in it, is where something would be written; nothing is ever overwritten, and nothing was written.",
        "Choose another name or another --folder, or remove what is there.",
    ),
    (
        "TC0108",
        "world_refused",
        "the operating system refused",
        "A file, a disk or a process that a command needs was refused to it.",
        "Check the space left on the disk, permissions, and limits on processes and memory.",
    ),
    (
        "TC0150",
        "bad_aws_value",
        "not a value that AWS takes",
        "A name, a number or an ARN given for AWS has not the form that AWS gives to it.",
        "Copy it from AWS as it stands there; the hint says how to ask AWS for it.",
    ),
    (
        "TC0151",
        "aws_values_apart",
        "values for AWS do not fit together",
        "Each value given for AWS is one by itself, but AWS would refuse them together.",
        "Change one of the two that the message names.",
    ),
    # -- 02: rules -----------------------------------------------------------------------------------------
    (
        "TC0201",
        "rule_syntax",
        "rule does not parse",
        "The Python of a rule is not valid.",
        "Mend the line shown; `python -m py_compile FILE` shows the same error.",
    ),
    (
        "TC0202",
        "yaml_syntax",
        "YAML does not parse",
        "The file is not valid YAML.",
        "Mend the line shown; check indentation and quotes.",
    ),
    (
        "TC0203",
        "unknown_key",
        "unknown key",
        "A key is not part of the form, so it would have been without effect.",
        "Remove it, or use the nearest known key that the hint names.",
    ),
    (
        "TC0204",
        "missing_key",
        "missing key",
        "A key that every item of this kind needs is absent.",
        "Add it; the message tells what it must hold.",
    ),
    (
        "TC0205",
        "bad_value",
        "value of the wrong type or range",
        "A key holds something other than what it takes.",
        "Give a value of the kind the message names.",
    ),
    (
        "TC0206",
        "duplicate_id",
        "id used twice",
        "Two items have the same id, so their matches could not be told apart.",
        "Rename one; the message names both files.",
    ),
    (
        "TC0207",
        "missing_file",
        "file named by a rule is missing",
        "The metadata names a Python file that does not exist beside it.",
        "Add the file or mend `Filename`.",
    ),
    (
        "TC0208",
        "missing_function",
        "function missing",
        "The Python of a rule, policy or data model does not define a function that it must have.",
        "Define it at the top level of the file.",
    ),
    (
        "TC0209",
        "unknown_log_type",
        "unknown log type",
        "A rule names a log type that is nearly a known one, or a test one of which there is no schema.",
        "Mend the name as the hint says, or bring the schema with --log-types.",
    ),
    (
        "TC0210",
        "rule_import",
        "rule fails while it is imported",
        "Executing the top level of the rule's file raised, hung or ended its process.",
        "The message names the error; keep the top level of a rule to imports, constants and functions.",
    ),
    (
        "TC0211",
        "helper_conflict",
        "two different helpers of one name",
        "Modules are found by name, so only one of the two could be imported.",
        "Rename one of the two files, or load the packs in separate runs.",
    ),
    (
        "TC0212",
        "no_such_rule",
        "no such rule",
        "--rules names neither a file or folder nor the id of a loaded rule.",
        "`trailcam test PATH` lists the ids of a folder.",
    ),
    (
        "TC0213",
        "duplicate_key",
        "key given twice",
        "A mapping holds the same key twice, so one of the two values would have been without effect.",
        "Remove one of the two lines.",
    ),
    (
        "TC0214",
        "unreadable_rule",
        "rule file cannot be read",
        "The operating system refused to open a file of a pack, or it is a pipe, a device, too long, or not UTF-8.",
        "Mend its permissions or encoding, or take it out of the folder.",
    ),
    (
        "TC0215",
        "unknown_sample",
        "no such sample",
        "A test is built from a sample that its log type does not have.",
        "Samples lie in the log type's `samples` folder; the part behind the slash is the file's name.",
    ),
    (
        "TC0216",
        "helper_shadowed",
        "helper named like a standard library module",
        "The standard library comes first, so no rule could ever import the helper.",
        "Rename the file.",
    ),
    (
        "TC0217",
        "not_a_rule",
        "file holds no rule",
        "A file given by name is no rule of any format.",
        "Name a .py file that assigns METADATA, or a .yml file with AnalysisType or its .py file.",
    ),
    (
        "TC0218",
        "no_rules",
        "no rules in folder",
        "The folder holds neither a rule nor a module that rules could import.",
        "Name the folder of the rules; hidden folders are not entered.",
    ),
    (
        "TC0219",
        "path_leads_nowhere",
        "path leads nowhere in the event",
        "A test changes or removes a field that its event does not have.",
        "Mend the path; to add a field whose parent is absent, give the parent as a whole.",
    ),
    (
        "TC0220",
        "missing_reference",
        "item named that there is not",
        "An item names another one by its id, and nothing in its repository has that id.",
        "Mend the id, bring the other item, or take the name out.",
    ),
    (
        "TC0221",
        "two_data_models",
        "two data models for one log type",
        "A unified name would mean one thing or the other, depending on which is asked.",
        "Switch one of the two off with `Enabled: false`, or merge them.",
    ),
    (
        "TC0222",
        "rules_in_a_circle",
        "correlation rules look at each other's matches",
        "Each would have to be known before the other: what they say could be anything.",
        "Let one of them name the rules that the other looks at.",
    ),
    (
        "TC0223",
        "number_for_account",
        "account id without quotes",
        "Twelve digits without quotes are a number, and logs hold an account id as a text, which no number equals. It is a remark: the rule is taken as it is.",
        "Write the id in quotes.",
    ),
    # -- 03: log types -------------------------------------------------------------------------------------
    (
        "TC0301",
        "bad_schema",
        "schema not understood",
        "A log type's schema.yml holds an unknown key or a value of the wrong type.",
        "The message names file, place and what was expected.",
    ),
    (
        "TC0302",
        "duplicate_log_type",
        "log type defined twice",
        "Two folders define a log type of the same name.",
        "Rename or remove one.",
    ),
    (
        "TC0303",
        "no_log_types",
        "no log type in folder",
        "A folder given with --log-types holds no folder with a schema.yml.",
        "Give the folder that contains the log type folders, or one log type folder itself.",
    ),
    (
        "TC0304",
        "bad_sample",
        "sample not understood",
        "A file in a log type's samples folder is not JSON.",
        "Mend the line shown; a sample is one record as the vendor writes it.",
    ),
    # -- 04: what was read; the reasons of dead letters ------------------------------------------------------
    (
        "TC0401",
        "origin_unreadable",
        "cannot be read",
        "The operating system refused: no permission, it vanished, or the disk failed.",
        "Mend the cause and run again; what was read already is recognised.",
    ),
    (
        "TC0402",
        "gzip_truncated",
        "gzip ends too early",
        "The compressed file was cut off, usually by an interrupted copy.",
        "Copy the file again; the records before the cut have been read.",
    ),
    (
        "TC0403",
        "gzip_damaged",
        "gzip is damaged",
        "The compressed bytes, their checksum or what follows them are not gzip.",
        "Copy the file again; the records before the damage have been read.",
    ),
    (
        "TC0404",
        "too_large_unpacked",
        "unpacks to more than the limit",
        "The file unpacks to more bytes than limits.origin_bytes: a gzip bomb, or a very large file.",
        "If the file is genuine, raise limits.origin_bytes (TRAILCAM_LIMITS_ORIGIN_BYTES).",
    ),
    (
        "TC0405",
        "json_broken",
        "not JSON",
        "A stretch of the file is not JSON as RFC 8259 has it.",
        "Look at the bytes at the position shown; a text editor or a cut-off write is the usual cause.",
    ),
    (
        "TC0406",
        "json_truncated",
        "JSON ends too early",
        "The file ends inside a record.",
        "The writer was interrupted or the copy is incomplete: fetch the file again.",
    ),
    (
        "TC0407",
        "not_utf8",
        "not UTF-8",
        "The record holds bytes that are not UTF-8.",
        "Find out who wrote the file; JSON is UTF-8.",
    ),
    (
        "TC0408",
        "number_out_of_range",
        "number out of range",
        "The record holds NaN, an infinity, a number beyond 1.8e308 or an integer of more than 4,300 digits.",
        "Find out who wrote the record; such a number has no exact value in any reader.",
    ),
    (
        "TC0409",
        "too_deep",
        "nested too deeply",
        "The record nests deeper than 256 levels.",
        "No known log does; look at the record, it may be an attack on the reader.",
    ),
    (
        "TC0410",
        "record_too_large",
        "record larger than the limit",
        "One record is larger than limits.record_bytes.",
        "If it is genuine, raise limits.record_bytes (TRAILCAM_LIMITS_RECORD_BYTES).",
    ),
    (
        "TC0411",
        "not_a_record",
        "not a record",
        "Where a record was expected stands another JSON value: a string, a number, a list.",
        "Check that the file is a log; a record is a JSON object.",
    ),
    (
        "TC0412",
        "log_type_unknown",
        "no log type fits",
        "The record has the signature of none of the log types it could be.",
        "The message names the nearest one; bring a schema with --log-types if it is a log of another kind.",
    ),
    (
        "TC0413",
        "origin_changed",
        "changed while it was read",
        "The file's bytes were not the same on the second reading.",
        "Read it again when its writer has finished.",
    ),
    (
        "TC0414",
        "record_exhausts_memory",
        "record exhausts memory",
        "Reading this one record alone needs more memory than limits.worker_bytes.",
        "Raise limits.worker_bytes, or lower limits.record_bytes so that such records are refused at once.",
    ),
    (
        "TC0415",
        "notice_unreadable",
        "announcement not understood",
        "A message in the queue of a source is no notification of S3 or CloudTrail, directly, by SNS or by EventBridge.",
        "See what sends to the queue; a queue of a source is for notifications of its buckets alone.",
    ),
    (
        "TC0416",
        "object_gone",
        "object is gone",
        "An object was announced and is not there: it was deleted before it could be read.",
        "Let the bucket keep objects for longer than the queue keeps messages; `trailcam dead-letters retry` reads it when it is there again.",
    ),
    (
        "TC0417",
        "object_denied",
        "object may not be read",
        "S3 refuses the object, or KMS the key that it is encrypted with.",
        "Give the role s3:GetObject on it and kms:Decrypt on its key (`trailcam doctor` tells more), then `trailcam dead-letters retry`.",
    ),
    (
        "TC0418",
        "object_replaced",
        "object was replaced before it was read",
        "An object was announced and written over; what was announced can no longer be read, what lies there now is announced by itself.",
        "Switch on versioning of the bucket, so that every version can be read.",
    ),
    (
        "TC0419",
        "object_too_large",
        "object would fill the disk",
        "An object of more than 1 GiB is larger than a quarter of what is free on the disk of the home, where it is read from.",
        "If it is a log, give the home more room, then `trailcam dead-letters retry`; if not, leave it out by `prefixes` of the source.",
    ),
    # -- 05: running rules -----------------------------------------------------------------------------------
    (
        "TC0501",
        "rule_timeout",
        "rule ran too long",
        "A rule took longer than limits.rule_seconds on one event.",
        "Look for a loop without end or a call to the network; `rule()` must be quick and local.",
    ),
    (
        "TC0502",
        "rule_killed_worker",
        "rule ended its process",
        "The worker process died while a rule had an event in hand: a crash in native code, or os._exit(). Or the rule changed what all code in the process stands on: it gave `builtins.len`, `json.dumps` or a function of Trailcam's another meaning, set another time zone with `time.tzset()`, changed a limit of the process or closed the way to Trailcam. Or it filled the memory of a fresh process for one event, and kept it.",
        "Find the call that does it; the message names the signal, the exit status or what was changed.",
    ),
    (
        "TC0503",
        "rule_taken_off",
        "rule taken off",
        "A rule ended its process three times within ten minutes and is not run any more.",
        "Mend it and run again; the events it did not see are listed as not run.",
    ),
    (
        "TC0504",
        "worker_broken",
        "worker process does not start",
        "A worker process died outside of any rule, again and again.",
        "Look at its last words on stderr; memory that is too small for the interpreter is the usual cause.",
    ),
    (
        "TC0505",
        "rule_keeps_state",
        "rule keeps state",
        "The rule asked for what it remembers where it cannot be given: in a thread of its own; or in an earlier version of Trailcam, which had no memory for rules.",
        "Call the caching helpers in the thread that calls the rule; what an earlier version has listed as not run, the next `trailcam run` or `trailcam backfill --rule` over it runs.",
    ),
    (
        "TC0506",
        "worker_lost",
        "worker ended again and again outside of any rule",
        "Three workers in a row ended on the same origin while no rule had an event in hand: killed from outside, out of the machine's memory, or harmed by what a rule did before, such as closing files it does not own.",
        "Look at the system's log for the out-of-memory killer; run without the rules one by one; then run again.",
    ),
    # -- 06: what is kept ----------------------------------------------------------------------------------
    (
        "TC0601",
        "home_read_only",
        "home cannot be written",
        "Trailcam keeps its state and its lake in one folder, and was refused to write there.",
        "Check its permissions and whether the disk is mounted read-only, or name another with --home or TRAILCAM_HOME.",
    ),
    (
        "TC0602",
        "state_locked",
        "state is locked",
        "Another process has held the state database or the lake's catalog for a minute or more.",
        "Wait for it, or see who has the file open; run again then: what was decided is kept, the rest is read anew.",
    ),
    (
        "TC0603",
        "disk_full",
        "no space left",
        "The disk that holds the home is full; nothing half-done was kept.",
        "Free some space and run again: what was decided is kept, the rest is read anew.",
    ),
    (
        "TC0604",
        "state_too_new",
        "state of a later version",
        "The home was last written by a later version of Trailcam, whose tables this one does not know.",
        "Install that version again, or use another home.",
    ),
    (
        "TC0605",
        "state_damaged",
        "state is damaged",
        "The file of the state database is no database, or parts of it are not as they were written.",
        "Restore a backup into a new home with `trailcam restore`, and run over the logs since then.",
    ),
    (
        "TC0606",
        "lake_refused",
        "the lake refuses",
        "Decided files could not be brought into a table of the lake; they stay decided.",
        "See the message; the next run publishes them, and `trailcam query` reads them already.",
    ),
    (
        "TC0607",
        "nothing_kept",
        "nothing is kept there",
        "The folder is not a home: nothing was ever run with it.",
        "Name the right one with --home or TRAILCAM_HOME, or run something first: `trailcam run logs/`.",
    ),
    (
        "TC0608",
        "bad_query",
        "query not understood",
        "The text is not one SELECT statement over what is kept.",
        "See the message; `SHOW TABLES` lists what there is, docs/reference/tables.md has the columns.",
    ),
    (
        "TC0609",
        "no_such_alert",
        "no such alert",
        "No alert has this id.",
        "`trailcam alerts list` shows them; the first letters of an id are enough.",
    ),
    (
        "TC0610",
        "no_such_run",
        "no such run",
        "No run has this id.",
        'See `trailcam query "SELECT run_id, started_at FROM runs"`.',
    ),
    (
        "TC0611",
        "not_a_backup",
        "not a backup",
        "The file is not what `trailcam backup` wrote, or not all of it.",
        "Use another backup; nothing was changed.",
    ),
    (
        "TC0612",
        "column_changed",
        "column is kept otherwise",
        "A log type gives a column another type than the rows that are kept have, or writes its name with other capitals.",
        "Give the field another name or take `column` from it; or keep what is read from now on in another --home.",
    ),
    (
        "TC0613",
        "staged_gone",
        "staged files do not stay",
        "Files written to the lake were gone or cut short before they were decided; nothing of them was kept.",
        "Let nothing else write or clear away in the home, look at its disk, and run again.",
    ),
    (
        "TC0614",
        "no_such_letter",
        "no such dead letter",
        "No dead letter that stands has this id, or several ids begin so.",
        "`trailcam dead-letters list` prints the ids; one that was mended stands no more.",
    ),
    # -- 07: lookup tables ---------------------------------------------------------------------------------
    (
        "TC0701",
        "lookup_unreadable",
        "lookup table cannot be read",
        "The file of a lookup table is not there, is no file, or was refused; nothing was read.",
        "Mend `path` in [lookup_tables.NAME], which is seen from the folder of trailcam.toml, or its permissions.",
    ),
    (
        "TC0702",
        "lookup_broken",
        "lookup table is not of its form",
        "The file of a lookup table is not what its ending or `format` says: damaged, empty, of another encoding, or its rows are no objects. Nothing was read.",
        "Mend the place shown, or name the right `format`; docs/lookup-tables.md has all of them.",
    ),
    (
        "TC0703",
        "lookup_key",
        "lookup table without clear keys",
        "Rows of a lookup table lack the column that `key` names, or two rows have one key, so that either could be meant. Nothing was read.",
        "Name the column by which a row is found, and keep one row for each key.",
    ),
    (
        "TC0704",
        "lookup_version_other",
        "lookup table was another one before",
        "What a lookup table held before cannot be read as it is declared now; events of that time are looked up in it.",
        "Give the table another name in [lookup_tables.NAME]: its versions begin anew then.",
    ),
    # -- 08: sources that are followed ---------------------------------------------------------------------
    (
        "TC0801",
        "source_refused",
        "source refuses",
        "AWS answers that something of a source does not exist, or may not be used with these credentials.",
        "`trailcam doctor` tells what is missing; `trailcam aws setup` prints what must be there.",
    ),
    (
        "TC0802",
        "source_unreachable",
        "source cannot be reached",
        "A source does not answer, answers with errors of its own, or asks for patience; it is tried again.",
        "Nothing is lost meanwhile. If it lasts: see the network, the region and the status page of the service.",
    ),
    (
        "TC0803",
        "no_sources",
        "no sources",
        "There is nothing to follow: trailcam.toml names no source.",
        "Declare one as [sources.NAME]; docs/live.md has examples.",
    ),
    (
        "TC0804",
        "no_such_source",
        "no such source",
        "A source was named that trailcam.toml does not declare.",
        "Check the spelling; sources are declared as [sources.NAME].",
    ),
    (
        "TC0810",
        "bad_git_pack",
        "pack from git not understood",
        "A pack begins with git+ and is not in the form git+https://HOST/REPO.git@REF#subdirectory=DIR.",
        "Mend it; HOST is asked by https or ssh, and a repository on this machine is git+file:///its/path.",
    ),
    (
        "TC0811",
        "git_missing",
        "git is missing",
        "A pack is to come from a git repository, and the command `git` cannot be run.",
        "Install git (Debian: apt install git), or name a folder instead.",
    ),
    (
        "TC0812",
        "git_refused",
        "git repository cannot be read",
        "The repository did not answer in time, refused, or is none. Rules that are in force go on.",
        "Try `git ls-remote URL` as the same user: no password is ever asked for, so git needs a key or a helper that knows it.",
    ),
    (
        "TC0813",
        "no_such_ref",
        "no such branch, tag or commit",
        "The repository has nothing of the name behind the @, or no folder as `subdirectory` names it.",
        "Check the spelling; without @REF it is the branch that the repository itself shows first.",
    ),
    (
        "TC0814",
        "pack_too_large",
        "pack too large",
        "What runs is a copy, and a folder of a pack holds more than 20,000 files or 256 MiB.",
        "Name the folder of rules alone; logs, data and environments belong elsewhere.",
    ),
    (
        "TC0815",
        "pack_changing",
        "pack does not come to rest",
        "A folder of a pack was written to each time it was copied.",
        "Wait until it rests; what programs write goes into another folder.",
    ),
    (
        "TC0816",
        "inline_test_failed",
        "inline test failed",
        "An inline test of a rule fails, so that the rules are not switched to.",
        "See `trailcam test FOLDER --rules ID`; mend the rule or its test.",
    ),
    (
        "TC0817",
        "check_ended",
        "check ended early",
        "The process that checks rules was ended, or took longer than ten minutes.",
        "See what it printed; `trailcam test FOLDER` runs the same tests.",
    ),
    (
        "TC0818",
        "no_such_deployment",
        "no such version of the rules",
        "No version has the id, or several have ids that begin so, or it can no longer be gone back to.",
        "`trailcam packs list` shows all; one that was in force can be gone back to while its copy is kept.",
    ),
    (
        "TC0819",
        "snapshot_damaged",
        "copy of the rules is damaged",
        "The copy of rules that were in force is not there as it was kept.",
        "Reload from the packs themselves: `trailcam packs reload`.",
    ),
    (
        "TC0820",
        "server_silent",
        "server does not answer",
        "A server runs on this home and has not taken the wish, or not finished it, in time.",
        "See `trailcam packs list` for what came of it; a check of many tests takes a while: --timeout waits longer.",
    ),
    (
        "TC0821",
        "git_pack_here",
        "pack from git without a copy",
        "The settings name a pack from git, and this command runs rules from folders only.",
        "Name folders with --packs; `trailcam packs check` and `trailcam serve` fetch packs from git.",
    ),
    # -- 09: what is simulated -----------------------------------------------------------------------------
    (
        "TC0901",
        "folder_in_use",
        "folder holds other things",
        "Simulated logs go into a folder of their own, so that they are never mixed with real ones.",
        "Name an empty folder, or one that is not there yet; nothing was written or removed.",
    ),
    (
        "TC0902",
        "simulated_before",
        "folder holds an earlier simulation",
        "The folder holds what `trailcam simulate` wrote before, and nothing else.",
        "Add --force to replace it, or name another folder; nothing was written or removed.",
    ),
)

ERRORS: dict[str, ErrorEntry] = {row[0]: ErrorEntry(*row) for row in _TABLE}
"""The table by code, in order."""

_CODES = {entry.name: entry.code for entry in ERRORS.values()}


def code(name: str) -> str:
    """The code of an entry, by its name: `code("json_broken") == "TC0405"`."""
    return _CODES[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with what the user gave, with its place and its cure."""

    code: str
    message: str
    path: Path | str | None = None
    line: int | None = None
    column: int | None = None
    hint: str = ""

    @property
    def entry(self) -> ErrorEntry:
        """The row of the table this problem belongs to."""
        return ERRORS[self.code]

    def render(self) -> str:
        """The text a person sees: code and message, place, hint; no colour, one to three lines."""
        lines = [f"error[{self.code}]: {visible(self.message)}"]
        if self.path is not None:
            place = ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)
            lines.append(f"  --> {visible(place)}")
        lines.append(f"  hint: {visible(self.hint or self.entry.cure)}")
        return "\n".join(lines)

    def remark(self) -> str:
        """The same in one line, for what is told and not refused."""
        place = ":".join(visible(str(part)) for part in (self.path, self.line) if part is not None)
        return (
            f"remark[{self.code}]: {place}: {visible(self.message)}; {visible(self.hint or self.entry.cure)}"
        )


def refusal(error: OSError) -> str:
    """The code for a file that the operating system would not let us write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return code("disk_full")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return code("home_read_only")
    return code("world_refused")


def cannot_write(error: OSError, what: str, *, path: Path | None) -> "WorldError":
    """What is told when the operating system refuses to let us write `what`."""
    message = f"cannot write {what}: {error.strerror or error}"
    return WorldError(Problem(code=refusal(error), message=message, path=path))


class TrailcamError(Exception):
    """What the user gave cannot be used: one or more problems, all of them at once.

    `exit_code` is that of the command line: 2 for wrong use or configuration, 3 when the world failed.
    """

    exit_code = 2

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(problem.render() for problem in self.problems))


class WorldError(TrailcamError):
    """Something outside failed: a disk, a permission, a process."""

    exit_code = 3


def visible(text: str) -> str:
    """One line whatever the text: control characters of log content and file names are shown, not obeyed.

    >>> visible("a\\x1b[2Jb\\n")
    'a\\\\x1b[2Jb\\\\n'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean "x"?` for the nearest known word, case aside; empty when none is near."""
    by_lower = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f'did you mean "{by_lower[near[0]]}"?' if near else ""
