"""A conformance transcript as it was read. The language is described in client/scenarios/README.md."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class TranscriptError(Exception):
    """A mismatch, or a transcript that says what nobody can do: file:line and what is wrong."""


@dataclass(frozen=True)
class Value:
    """A word of a line, as bytes. `quoted` tells "none" the text from none, which says that there is nothing."""

    data: bytes
    quoted: bool = False

    @property
    def text(self) -> str:
        return self.data.decode()


@dataclass(frozen=True)
class Field:
    """NAME=VALUE; a word of its own has no name."""

    name: str
    value: Value


Fields = tuple[Field, ...]


@dataclass(frozen=True)
class Expectation:
    """What must come back: only what is named is compared."""

    line: int
    kind: str
    word: str  # of an error: its reason
    fields: Fields


@dataclass
class Item:
    line: int
    key: str
    fields: Fields
    answer: Expectation | None = None


@dataclass
class Call:
    line: int
    who: str
    verb: str
    key: str = ""
    fields: Fields = ()
    batch: bool = False
    items: list[Item] = field(default_factory=list)
    waits: bool = False  # "&": answered later
    lost: bool = False  # "-> lost": the answer never reaches the caller
    answer: Expectation | None = None


@dataclass(frozen=True)
class Later:
    """The answer to a call that waited; of any one of those who wait where `who` is empty."""

    who: str
    answer: Expectation


@dataclass(frozen=True)
class Cancel:
    line: int
    who: str


@dataclass(frozen=True)
class Waiting:
    line: int
    count: int


@dataclass(frozen=True)
class Elapse:
    micros: int


@dataclass(frozen=True)
class StepWallClock:
    micros: int


class ServerAct(enum.Enum):
    STOP = "stop"
    KILL = "kill"
    START = "start"
    DRAIN = "drain"


@dataclass(frozen=True)
class OnServer:
    line: int
    act: ServerAct


Step = Call | Later | Cancel | Waiting | Elapse | StepWallClock | OnServer


@dataclass
class Scenario:
    file: str
    namespaces: list[tuple[str, Fields]] = field(default_factory=list)  # in the order of the file
    server: Fields = ()
    steps: list[Step] = field(default_factory=list)

    @property
    def namespace(self) -> str:
        """The one that calls go to."""
        return self.namespaces[0][0] if self.namespaces else "shop"
