"""
The one small expression language of panes, alerts and ``tail --where``.

::

    mag >= 4.5 and place ~ "alaska"
    type in ("ticker:update", "ticker:snapshot") and not (key = "USDT-USD")
    abs(bid - ask) / price > 0.001

From loosest to tightest: ``or``, ``and``, ``not``, one comparison (``= == != < <= > >= ~ !~``, ``in``,
``not in``), ``+ -``, ``* /``, a sign. ``~`` means contains, whatever the case. Values are numbers, strings in
either quote, ``true``, ``false``, ``null``, the functions ``abs len lower``, and names. A name is the event's
own field (``feed type key time received offset``), otherwise a path into its payload: ``a.b``, ``list.0``;
``data.key`` reaches a payload field that an event field hides.

Nothing raises on an event: a comparison with a missing value or between different kinds of value is false,
and arithmetic on one is null. Only a literal ``null`` compares with what is missing: ``key = null``.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from .errors import ConfigError
from .event import Event
from .predicates import (
    ARITHMETIC,
    FUNCTIONS,
    NUMBER,
    Expression,
    Part,
    all_of,
    any_of,
    calculate,
    compare,
    constant,
    contains,
    kind_of,
    lookup,
    one_of,
)

MAX_LENGTH = 2000
MAX_DEPTH = 40


class FilterError(ConfigError):
    """
    An expression that cannot be understood.

    Args:
        expected: What should have stood there, and what does.
        text: The expression.
        position: Where, counted in characters from 0.

    Attributes:
        brief: Where and what, without the expression, for beside it.

    """

    def __init__(self, expected: str, text: str, position: int) -> None:
        shown = text if len(text) <= 80 else f"{text[:77]}…"
        super().__init__(
            f"filter {shown!r}, character {position + 1}: {expected}",
            hint='write for example: mag >= 4.5 and place ~ "alaska"',
        )
        self.expected = expected
        self.text = text
        self.position = position
        self.brief = f"character {position + 1}: {expected}"


def compile_filter(text: str) -> Callable[[Event], bool]:
    """
    Compile a condition on events; blank text accepts every event.

    Raises:
        FilterError: If `text` is not an expression.

    """
    if not text.strip():
        return lambda event: True
    condition = _Parser(text).parse().value
    return lambda event: bool(condition(event))


def compile_expression(text: str) -> Expression:
    """
    Compile an expression to its value for an event, None where it has none.

    Raises:
        FilterError: If `text` is not an expression.

    """
    return _Parser(text).parse().value


class _Token(NamedTuple):
    kind: str
    text: str
    position: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else repr(self.text)


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?!\w))
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<name>[^\W\d]\w*(?:\.\w+)*)
      | (?P<sign>==|!=|<=|>=|!~|[=<>~()+\-*/,])
      | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS = frozenset({"and", "or", "not", "in", "true", "false", "null"})
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def _tokens(text: str) -> list[_Token]:
    if len(text) > MAX_LENGTH:
        raise FilterError(f"expected at most {MAX_LENGTH:,} characters, found {len(text):,}", text, MAX_LENGTH)
    found: list[_Token] = []
    position = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(text, position)
        if match is None:
            raise _misspelt(text, position)
        kind = match.lastgroup or "end"
        word = match[kind]
        if word.lower() in _KEYWORDS:
            found.append(_Token("keyword", word.lower(), match.start(kind)))
        else:
            found.append(_Token(kind, word, match.start(kind)))
        position = match.end()
    return found


def _unescape(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[1], found[1])


def _misspelt(text: str, position: int) -> FilterError:
    while text[position].isspace():
        position += 1
    if text[position] in "\"'":
        return FilterError("expected a closing quote", text, position)
    return FilterError(f"did not expect {text[position]!r}", text, position)


class _Parser:
    """Recursive descent, one method a level; recursion is counted, chains of operators are loops."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0

    def parse(self) -> Part:
        part = self._either()
        if self._token.kind != "end":
            raise self._expected("and, or, or the end")
        return part

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, *words: str) -> str:
        """Take the next token if it is one of the signs or keywords `words`; else give an empty string."""
        token = self._token
        if token.kind not in ("sign", "keyword") or token.text not in words:
            return ""
        self._next += 1
        return token.text

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise self._expected(repr(sign))

    def _expected(self, what: str) -> FilterError:
        return FilterError(f"expected {what}, found {self._token}", self._text, self._token.position)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FilterError(f"expected at most {MAX_DEPTH} levels of nesting", self._text, self._token.position)

    def _either(self) -> Part:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Part(any_of([part.value for part in parts]))

    def _both(self) -> Part:
        parts = [self._negation()]
        while self._take("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else Part(all_of([part.value for part in parts]))

    def _negation(self) -> Part:
        if not self._take("not"):
            return self._comparison()
        self._deeper()
        inner = self._negation().value
        self._depth -= 1
        return Part(lambda event: not inner(event))

    def _comparison(self) -> Part:
        left = self._sum()
        sign = self._take("=", "==", "!=", "<", "<=", ">", ">=", "~", "!~", "in", "not")
        if not sign:
            return left
        if sign in ("in", "not"):
            if sign == "not" and not self._take("in"):
                raise self._expected("in")
            chosen = one_of(left.value, self._choices())
            return Part(chosen if sign == "in" else lambda event: not chosen(event))
        right = self._sum()
        if sign in ("~", "!~"):
            return Part(contains(left.value, right, wanted=sign == "~"))
        return Part(compare(left, "==" if sign == "=" else sign, right))

    def _choices(self) -> list[Part]:
        self._need("(")
        choices = [self._sum()]
        while self._take(","):
            choices.append(self._sum())
        self._need(")")
        return choices

    def _sum(self) -> Part:
        return self._chain(self._product, "+", "-")

    def _product(self) -> Part:
        return self._chain(self._signed, "*", "/")

    def _chain(self, operand: Callable[[], Part], *signs: str) -> Part:
        first = operand()
        steps: list[tuple[Callable[[Any, Any], Any], Expression]] = []
        while sign := self._take(*signs):
            steps.append((ARITHMETIC[sign], operand().value))
        return first if not steps else Part(calculate(first.value, steps))

    def _signed(self) -> Part:
        if not self._take("-"):
            return self._primary()
        self._deeper()
        part = self._signed()
        self._depth -= 1
        if part.constant and kind_of(part.literal) == NUMBER:
            return constant(-part.literal)
        return Part(calculate(lambda event: 0, [(operator.sub, part.value)]))

    def _primary(self) -> Part:
        token = self._token
        if self._take("("):
            self._deeper()
            part = self._either()
            self._depth -= 1
            self._need(")")
            return part
        if word := self._take("true", "false", "null"):
            return constant({"true": True, "false": False, "null": None}[word])
        if token.kind not in ("number", "string", "name"):
            raise self._expected("a value")
        self._next += 1
        if token.kind == "number":
            return constant(float(token.text) if not token.text.isdecimal() else int(token.text))
        if token.kind == "string":
            return constant(_ESCAPE.sub(_unescape, token.text[1:-1]))
        return self._call(token) if self._take("(") else Part(lookup(token.text))

    def _call(self, token: _Token) -> Part:
        function = FUNCTIONS.get(token.text)
        if function is None:
            known = ", ".join(sorted(FUNCTIONS))
            message = f"no function {token.text!r}; there are {known}"
            raise FilterError(message, self._text, token.position)
        self._deeper()
        argument = self._either().value
        self._depth -= 1
        self._need(")")
        return Part(lambda event: function(argument(event)))
