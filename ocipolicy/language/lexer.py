"""Text to tokens, and the cursor that every reader of the language moves along them."""

import re
from dataclasses import dataclass
from itertools import accumulate

# A token takes the blanks and comments behind it along: half as many tokens, and every character
# belongs to exactly one. A quote behind a backslash ends a string only where no other quote does.
# A slash opens a pattern only where no name or string ends just before it, since `Domain/Group` has
# a slash as well, and closes it only where the value can end. The dot at the end makes sure that no
# text can stop the lexer. The possessive quantifiers keep it linear.
_BARE = r"""
    (?: [A-Za-z0-9_][A-Za-z0-9_.@-]*+
      | '[^'\r\n]*+ (?: (?<=\\)'[^'\r\n]*+ )* '
      | (?<![A-Za-z0-9_.@'-]) / (?![/\ \t]) [^/'\r\n]++ / (?=[\s,)};/]|$|\#)
      | [!=<>]=
      | .
    )"""
_BLANK = r"[ \t\r\n\f\v]*+ (?: (?://|\#) [^\r\n]*+ [ \t\r\n\f\v]*+ )*+"

_BLANKS = " \t\r\n\f\v"

_token = re.compile(_BARE, re.VERBOSE | re.DOTALL)
_tokens = re.compile(_BARE + _BLANK, re.VERBOSE | re.DOTALL)
_blank = re.compile(_BLANK, re.VERBOSE)
_comment = re.compile(r"(?://|\#)[^\r\n]*")

_WORD_START = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
OCID = re.compile(r"ocid1\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){2,3}\.[A-Za-z0-9_-][A-Za-z0-9_.-]*+")

CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
# What lists, and the quotes of other languages, put in front of a statement.
STRAY_MARKS = r"(?:(?:[-*+\u2022]|\d{1,3}[.)])[ \t]+)?[\"`\[]*"


def tokenize(text: str) -> tuple[list[str], list[int]]:
    """The tokens of a text and the offset of each; one offset more, the end, closes the list.

    >>> tokenize("in tenancy // all")
    (['in', 'tenancy'], [0, 3, 17])
    """
    first = _blank.match(text)
    start = first.end() if first else 0
    wide = _tokens.findall(text, start)
    if "//" in text or "#" in text:
        words = [match[0] for match in map(_token.match, wide) if match]
    else:
        words = list(map(str.rstrip, wide))
        if "" in words:
            # A blank of another alphabet is a token, and a wrong one, not a blank.
            words = [word.rstrip(_BLANKS) for word in wide]
    return words, list(accumulate(map(len, wide), initial=start))


def may_hide(text: str) -> bool:
    """Whether a text could hold something wrong that a reader does not stumble over.

    What that is, `suspects` finds; a text without it need not pay for its import.
    """
    return (
        not text.isascii()
        or any(mark in text for mark in ("<", "{{", "{%", "${", "%{", "#{"))
        or CONTROL.search(text) is not None
    )


def comments(text: str, words: list[str], starts: list[int]) -> list[tuple[int, int]]:
    """Where the comments are: in the blanks before the first token and between the others."""
    if "//" not in text and "#" not in text:
        return []
    gaps = [(0, starts[0])]
    gaps += [
        (start + len(word), end)
        for word, start, end in zip(words, starts, starts[1:], strict=False)
    ]
    return [match.span() for gap in gaps for match in _comment.finditer(text, *gap)]


def is_bare(text: str) -> bool:
    """Whether a text is one word of the language, so that it can stand without quotes."""
    match = _token.fullmatch(text)
    return match is not None and text[0] in _WORD_START


def shortened(text: str) -> str:
    """A text as a message quotes it: its beginning, if it is long."""
    return text if len(text) <= 40 else text[:39] + "…"


_AHEAD = ("", "", "", "")


@dataclass(frozen=True, slots=True)
class Edit:
    """A change that would put a fault right: the characters `start` to `end` become `text`.

    `parts` are the small changes that a change of many places is made of, in order.
    """

    start: int
    end: int
    text: str
    parts: tuple["Edit", ...] = ()


def joined(text: str, parts: list[Edit]) -> Edit:
    """Several small changes of a text, in order, as one."""
    start, end = parts[0].start, parts[-1].end
    written: list[str] = []
    at = start
    for part in parts:
        written += (text[at : part.start], part.text)
        at = part.end
    return Edit(start, end, "".join(written), tuple(parts))


class Fault(Exception):
    """Why a stretch of text is no statement: rule, sentence, place, and the way out.

    `hint` says in words what to write; `edit` does it, where that can be done by machine.
    """

    def __init__(
        self, rule: str, message: str, start: int, end: int, hint: str, edit: Edit | None = None
    ) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.start = start
        self.end = end
        self.hint = hint
        self.edit = edit


class Cursor:
    """A place in a list of tokens.

    `last` is the index of the last token. Empty words behind it stand for the end, so that a reader
    may look a few tokens ahead without asking whether they are there.
    """

    __slots__ = ("index", "last", "remarks", "starts", "text", "words")

    def __init__(self, text: str, words: list[str], starts: list[int]) -> None:
        self.text = text
        self.last = len(words) - 1
        end = starts[self.last] + len(words[-1]) if words else starts[0]
        self.words = [*words, *_AHEAD]
        self.starts = [*starts, end, end, end]
        self.starts[len(words)] = end
        self.index = 0
        self.remarks: list[Fault] = []

    def after(self, index: int) -> int:
        """The offset just behind a token."""
        return self.starts[index] + len(self.words[index])

    def is_name(self, index: int) -> bool:
        """Whether the token there can be a name: a word, or a string."""
        word = self.words[index]
        return word[:1] in _WORD_START if word[:1] != "'" else len(word) > 1

    def is_word(self, index: int) -> bool:
        """Whether the token there is a word."""
        return self.words[index][:1] in _WORD_START

    def found(self, index: int) -> str:
        """The token there as a message says it."""
        word = self.words[index]
        if not word:
            return "the end of the statement"
        return f"`{shortened(word)}`"

    def fault(
        self,
        rule: str,
        message: str,
        hint: str,
        *,
        at: int,
        to: int | None = None,
        edit: Edit | None = None,
    ) -> Fault:
        """A fault at token `at`, or from there to the token `to`."""
        end = self.after(at if to is None else to)
        return Fault(rule, message, self.starts[at], end, hint, edit)

    def replace(self, first: int, last: int, text: str) -> Edit:
        """The edit that puts a text in the place of the tokens `first` to `last`."""
        return Edit(self.starts[first], self.after(last), text)

    def before(self, index: int, text: str) -> Edit:
        """The edit that puts a word or a bracket in front of a token."""
        at = self.starts[index]
        return Edit(at, at, text if text in ("{", "(") else f"{text} ")

    def behind(self, index: int, text: str) -> Edit:
        """The edit that puts a mark right behind a token."""
        at = self.after(index)
        return Edit(at, at, text)

    def remove(self, first: int, last: int) -> Edit:
        """The edit that takes tokens away, with one of the blanks around them."""
        start, end = self.starts[first], self.after(last)
        if first and end < self.starts[last + 1]:
            start = self.after(first - 1)
        return Edit(start, end, "")

    def wrap(self, first: int, last: int, before: str, behind: str) -> Edit:
        """The edit that puts marks around the tokens `first` to `last`."""
        start, end = self.starts[first], self.after(last)
        return Edit(start, end, f"{before}{self.text[start:end]}{behind}")

    def misspelt(self, at: int, right: str, to: int | None = None) -> Fault:
        """The fault that a keyword, of two words if there is a `to`, is written wrongly."""
        last = at if to is None else to
        found = self.found(at) if last == at else f"`{' '.join(self.words[at : last + 1])}`"
        message = f"{found} is no keyword here; did you mean `{right}`?"
        edit = self.replace(at, last, right)
        return self.fault("misspelt-keyword", message, f"write {right}", at=at, to=last, edit=edit)

    def twice(self, at: int) -> Fault | None:
        """The fault that the token there repeats the one before it, if it does."""
        same = self.words[at] and self.words[at].lower() == self.words[at - 1].lower()
        return self.repeated(at) if same else None

    def repeated(self, at: int) -> Fault:
        """The fault that the token there repeats the one before it."""
        return self.fault(
            "repeated-word",
            f"{self.found(at)} stands twice",
            "write it once",
            at=at,
            edit=self.remove(at, at),
        )

    def remark(
        self, rule: str, message: str, hint: str, *, at: int, to: int, edit: Edit | None
    ) -> None:
        """Note a form that is read, but should be written otherwise."""
        self.remarks.append(self.fault(rule, message, hint, at=at, to=to, edit=edit))
