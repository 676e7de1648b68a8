"""Reading a condition as a person writes it: ``loss < 0.1 and beamline = '8-ID'``.

::

    either     both { "or" both }
    both       denied { "and" denied }
    denied     { "not" } ( "(" either ")" | test )
    test       field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
             | field [ "not" ] "like" text
             | field [ "not" ] "in" "(" value { "," value } ")"
             | field "is" [ "not" ] "null"
    field      a word | "a quoted word"
    value      'a text' | a number | true | false

A word that names a field of every record (``kind``, ``created_at``) means that; any other word, a
quoted one, and what follows ``tag.`` is the key of a tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from braid_db.conditions import And, Condition, Field, Not, Op, Or, TagKey, Test, Value
from braid_db.records.errors import ConditionInvalid
from braid_db.records.fitting import Misfit, fitted

LONGEST = 10_000
DEEPEST = 50
MOST_TESTS = 100
MOST_DIGITS = 400

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.]))
    | (?P<word>[^\W\d][\w.-]*)
    | (?P<sign><=|>=|!=|<>|==|[=<>(),])
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_SIGNS = {"<": Op.LESS, "<=": Op.AT_MOST, ">": Op.MORE, ">=": Op.AT_LEAST, "!=": Op.OTHER}
_SIGNS["<>"] = Op.OTHER
_EQUAL = ("=", "==")
_FIELDS = {field.value: field for field in Field}
_WORDS = ("and", "or", "not", "like", "in", "is", "null", "true", "false")
_A_VALUE = "a value: a text in 'single quotes', a number, true or false"


class Token(NamedTuple):
    """One word, value or sign of a condition.

    :param kind: ``word``, ``quoted``, ``text``, ``number``, ``sign``, ``end``; or a keyword.
    :param at: where it begins, counted from one.
    """

    kind: str
    text: str
    at: int


def read_condition(told: str) -> Condition:
    """Return the condition that a text says.

    :raises ConditionInvalid: if it says none; it tells where, and what was expected there.
    """
    if len(told) > LONGEST:
        found = f"a text of {len(told):,} characters"
        raise ConditionInvalid(found, f"at most {LONGEST:,} characters")
    return _Reader(list(_tokens(told))).whole()


def read_key(told: str) -> Field | TagKey:
    """Return what a word or quoted word names: a field of every record, or a tag.

    :raises ConditionInvalid: if it is neither.
    """
    reader = _Reader(list(_tokens(told[:LONGEST])))
    field = reader.field()
    reader.take("end", expected="the name of one field or tag alone")
    return field


def _tokens(told: str) -> Iterator[Token]:
    at = 0
    while True:
        matched = _TOKEN.match(told, at)
        if matched is None or matched.lastgroup is None:
            at += len(told[at:]) - len(told[at:].lstrip())
            raise ConditionInvalid(f"{told[at : at + 20]!a}", _expected_of(told[at]), at + 1)
        kind, text = matched.lastgroup, matched[matched.lastgroup]
        place = matched.start(kind)
        _check_letters(text, place)
        if kind == "word" and text.lower() in _WORDS:
            kind = text.lower()
        yield Token(kind, text, place + 1)
        if kind == "end":
            return
        at = matched.end()


def _expected_of(letter: str) -> str:
    if letter in "'\"":
        return f"a second {letter} that ends what this one begins"
    return "a field, a value or a sign such as <"


def _check_letters(text: str, place: int) -> None:
    """Refuse what no database can be asked about: NUL, and halves of surrogate pairs."""
    for at, letter in enumerate(text, place + 1):
        if letter == "\0" or "\ud800" <= letter <= "\udfff":
            raise ConditionInvalid(ascii(letter), "a character that a text can hold", at)


class _Reader:
    """Reads tokens from left to right; each method reads one rule of the grammar."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = iter(tokens)
        self._next = next(self._tokens)
        self._depth = self._tests = 0

    def whole(self) -> Condition:
        condition = self._either()
        self.take("end", expected="'and', 'or' or the end")
        return condition

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._came("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self) -> Condition:
        parts = [self._denied()]
        while self._came("and"):
            parts.append(self._denied())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _denied(self) -> Condition:
        is_denied = False
        while self._came("not"):
            is_denied = not is_denied
        condition = self._in_parentheses() if self._is("sign", "(") else self._test()
        return Not(condition) if is_denied else condition

    def _in_parentheses(self) -> Condition:
        opened = self.take("sign", "(")
        self._depth += 1
        if self._depth > DEEPEST:
            found = f"more than {DEEPEST} parentheses within each other"
            raise ConditionInvalid(found, "fewer", opened.at)
        condition = self._either()
        self.take("sign", ")", expected="')', 'and' or 'or'")
        self._depth -= 1
        return condition

    def _test(self) -> Condition:
        start = self._next
        self._tests += 1
        if self._tests > MOST_TESTS:
            raise ConditionInvalid(
                f"more than {MOST_TESTS} comparisons", "fewer; 'in' takes many values", start.at
            )
        field = self.field()
        if self._came("is"):
            is_known = self._came("not")
            self.take("null", expected="'null' or 'not null'")
            known = Test(field, Op.KNOWN)
            return known if is_known else Not(known)
        is_denied = self._came("not")
        test = self._compared(field, after_not=is_denied)
        try:
            test = replace(test, values=fitted(test))
        except Misfit as misfit:
            raise ConditionInvalid(misfit.found, misfit.expected, start.at) from None
        return Not(test) if is_denied else test

    def _compared(self, field: Field | TagKey, *, after_not: bool) -> Test:
        if self._came("in"):
            return Test(field, Op.IN, tuple(self._listed()))
        if self._came("like"):
            return Test(field, Op.LIKE, (self._value("a pattern in 'single quotes'", "text"),))
        sign = self._next
        if after_not or not (sign.text in _SIGNS or sign.text in _EQUAL) or sign.kind != "sign":
            words = "'like' or 'in'"
            self._refuse(words if after_not else f"one of = != < <= > >=, 'is', {words}")
        self._step()
        value = self._value()
        return Test(field, _SIGNS.get(sign.text, Op.IN), (value,))

    def _listed(self) -> Iterator[Value]:
        self.take("sign", "(", expected="values in parentheses")
        yield self._value()
        while self._is("sign", ","):
            self._step()
            yield self._value()
        self.take("sign", ")", expected="',' or ')'")

    def field(self) -> Field | TagKey:
        """Read what a value is asked of."""
        token = self._next
        if token.kind == "quoted":
            self._step()
            return TagKey(token.text[1:-1].replace('""', '"'))
        self.take("word", expected="a field such as name, or the key of a tag")
        if token.text.startswith("tag.") and len(token.text) > 4:
            return TagKey(token.text[4:])
        return _FIELDS.get(token.text) or TagKey(token.text)

    def _value(self, expected: str = _A_VALUE, *kinds: str) -> Value:
        token = self._next
        if token.kind == "null":
            self._refuse("a value; nothing equals null: ask 'is null' or 'is not null'")
        if token.kind not in (kinds or ("text", "number", "true", "false")):
            self._refuse(expected)
        self._step()
        if token.kind == "text":
            return token.text[1:-1].replace("''", "'")
        return _number(token) if token.kind == "number" else token.kind == "true"

    def take(self, kind: str, text: str | None = None, *, expected: str = "") -> Token:
        """Go past what must come next, and return it."""
        if not self._is(kind, text):
            self._refuse(expected)
        return self._step()

    def _came(self, keyword: str) -> bool:
        return self._is(keyword) and bool(self._step())

    def _is(self, kind: str, text: str | None = None) -> bool:
        return self._next.kind == kind and text in (None, self._next.text)

    def _step(self) -> Token:
        token = self._next
        self._next = next(self._tokens, token)
        return token

    def _refuse(self, expected: str) -> None:
        token = self._next
        found = "nothing more" if token.kind == "end" else f"{token.text[:40]!a}"
        raise ConditionInvalid(found, expected, token.at)


def _number(token: Token) -> int | float:
    """Return a number as it is compared: an integer to its last digit, all else as a double."""
    is_integer = token.text.lstrip("+-").isdigit()
    try:
        number = int(token.text) if is_integer and len(token.text) <= MOST_DIGITS else None
        if float(token.text) not in (float("inf"), float("-inf")):
            return float(token.text) if number is None else number
    except OverflowError:
        pass
    raise ConditionInvalid(f"{token.text[:40]}", "a number that a double can hold", token.at)
