"""What can be known of Python source without executing it."""

import ast
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

from trailcam.errors import Problem, code
from trailcam.yaml12 import Document, Steps

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, *_COMPREHENSIONS)


_REFUSALS = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What the compiler raises on sources."""


def parse(text: str, *, path: Path) -> ast.Module | Problem:
    """The syntax tree of a source text, or TC0201 with its place."""
    with _quietly():
        try:
            tree = ast.parse(text, str(path))
            compile(
                tree, str(path), "exec", dont_inherit=True
            )  # finds what the grammar allows: a stray return
        except _REFUSALS as error:
            return _not_python(error, path)
    return tree


def check(text: str, *functions: str, path: Path) -> list[Problem]:
    """What is wrong with a source text: TC0201, or TC0208 for each of these names that its top level does not
    bind. It says what `parse` and `missing_function` say, and is faster where names are bound by `def`."""
    with _quietly():
        try:
            compiled = compile(text, str(path), "exec", dont_inherit=True)
        except _REFUSALS as error:
            return [_not_python(error, path)]
    defined = {each.co_qualname for each in compiled.co_consts if isinstance(each, CodeType)}
    missing = [name for name in functions if name not in defined]
    if not missing:
        return []
    tree = parse(text, path=path)
    if isinstance(tree, Problem):
        return [tree]
    return [problem for name in missing for problem in missing_function(tree, name, path=path)]


@contextmanager
def _quietly() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in a rule's pattern is its author's business
        yield


def _not_python(error: Exception, path: Path) -> Problem:
    if isinstance(error, SyntaxError):
        return Problem(
            code=code("rule_syntax"),
            message=f"not Python: {error.msg}",
            path=path,
            line=error.lineno,
            column=error.offset or None,
        )
    reason = str(error) if isinstance(error, ValueError) else "nested too deeply"
    return Problem(code=code("rule_syntax"), message=f"not Python: {reason}", path=path)


def missing_function(tree: ast.Module, name: str, *, path: Path) -> list[Problem]:
    """TC0208 if the top level binds no such name; a star import may bring anything."""
    if name in (names := set(_top_level_names(tree.body))) or "*" in names:
        return []
    return [
        Problem(
            code=code("missing_function"),
            message=f"the file defines no `{name}` at its top level",
            path=path,
            line=1,
        )
    ]


def assignments(tree: ast.Module, name: str) -> list[ast.expr]:
    """The values that statements of the top level assign to a name, in order."""
    found = []
    for node in tree.body:
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            found.append(value)
    return found


def literals(nodes: Mapping[str, ast.expr], *, path: Path) -> tuple[Document, list[Problem]]:
    """The literal values of named expressions with the line of each key and item.

    What is not literal is a problem at its line, a hole in the document, and never executed.
    """
    reading = _Literals(path)
    value = {name: reading.value(node, (name,)) for name, node in nodes.items()}
    return Document(path, value, reading.lines, frozenset(reading.holes)), reading.problems


class _Literals:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[Steps, int] = {}
        self.holes: set[Steps] = set()
        self.problems: list[Problem] = []

    def value(self, node: ast.expr, steps: Steps) -> Any:
        self.lines.setdefault(steps, node.lineno)
        if isinstance(node, ast.List):
            return [self.value(item, (*steps, index)) for index, item in enumerate(node.elts)]
        if isinstance(node, ast.Dict):
            return self._mapping(node, steps)
        return self._leaf(node, steps)

    def _mapping(self, node: ast.Dict, steps: Steps) -> dict[Any, Any]:
        mapping: dict[Any, Any] = {}
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            if key_node is None:
                self._problem("bad_value", value_node, "** brings keys that cannot be read from the text")
                self.holes.add(steps)
                continue
            if not isinstance(key_node, ast.Constant):
                self._not_literal(key_node)
                self.holes.add(steps)
                continue
            key: Any = key_node.value
            here: Steps = (*steps, key if isinstance(key, int) else str(key))
            if key in mapping:
                message = f'key "{here[-1]}" was given before, in line {self.lines[here]}'
                self._problem("duplicate_key", key_node, message)
                continue
            self.lines[here] = key_node.lineno
            mapping[key] = self.value(value_node, here)
        return mapping

    def _leaf(self, node: ast.expr, steps: Steps) -> Any:
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, RecursionError, MemoryError):
            self._not_literal(node)
            self.holes.add(steps)
            return None

    def _not_literal(self, node: ast.expr) -> None:
        try:
            text = " ".join(ast.unparse(node).split())
        except RecursionError:
            text = "a very long expression"
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        self._problem("bad_value", node, f"not a literal value: {shown}")

    def _problem(self, name: str, node: ast.expr, message: str) -> None:
        hint = ""
        if name == "bad_value":
            hint = "this part of the file is read without running it; write the value itself"
        problem = Problem(
            code=code(name),
            message=message,
            path=self.path,
            line=node.lineno,
            column=node.col_offset + 1,
            hint=hint,
        )
        self.problems.append(problem)


def _top_level_names(body: list[ast.stmt]) -> Iterator[str]:
    """Names that executing the body binds, `*` for a star import; branches count, inner scopes do not."""
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        if not isinstance(node, _SCOPES):
            pending.extend(ast.iter_child_nodes(node))
