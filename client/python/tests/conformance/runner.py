"""Runs a transcript, step by step, and tells where the server, or the client, departs from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.answers import Answer, Names, answer_text, expectation_text, mismatch
from conformance.callers import Caller, Exchange
from conformance.calls import NotSayable, Reply, planned
from conformance.scenario import (
    Call,
    Cancel,
    Elapse,
    Expectation,
    Later,
    OnServer,
    Scenario,
    ServerAct,
    Step,
    StepWallClock,
    TranscriptError,
    Waiting,
)
from conformance.service import Service
from semeld import eventually


@dataclass(frozen=True)
class _Waiter:
    who: str
    line: int
    exchange: Exchange


class Runner:
    def __init__(self, scenario: Scenario, service: Service, connect: Callable[[str, str], Caller]) -> None:
        self._scenario = scenario
        self._service = service
        self._connect = connect
        self._callers: list[Caller] = []
        self._names = Names()
        self._waiters: list[_Waiter] = []  # calls whose answer no line has named yet, in the order of the transcript
        self._begins = 0

    def run(self) -> None:
        """Raises TranscriptError with file:line, what was expected, and what came."""
        try:
            self._start()
            for step in self._scenario.steps:
                self._do(step)
            if self._waiters:
                raise self._failed(self._waiters[0].line, "no line says what this call was answered")
        finally:
            self._service.end()
            for caller in self._callers:
                caller.close()

    def _start(self) -> None:
        self._service.start()
        self._callers.append(self._connect(self._service.address, self._scenario.namespace))

    def _do(self, step: Step) -> None:
        match step:
            case Call():
                self._call(step)
            case Later():
                waiter = self._next_answered(step)
                self._check(step.answer, waiter.exchange.reply().answer)
            case Cancel():
                self._cancel(step)
            case Waiting():
                self._check_waiting(step)
            case Elapse():
                self._service.elapse(step.micros)
            case StepWallClock():
                self._service.step_wall_clock(step.micros)
            case OnServer():
                self._on_server(step)

    def _on_server(self, step: OnServer) -> None:
        if self._service.running == (step.act is ServerAct.START):
            raise self._failed(step.line, "the server is started twice, or does not run")
        match step.act:
            case ServerAct.START:
                self._start()
            case ServerAct.STOP:
                self._service.stop()
            case ServerAct.KILL:
                self._service.kill()
            case ServerAct.DRAIN:
                self._service.drain()

    def _fresh_id(self) -> bytes:
        self._begins += 1
        return b"fresh id %07d" % self._begins

    def _call(self, call: Call) -> None:
        if not self._service.running:
            raise self._failed(call.line, "the server does not run")
        waited_before = self._service.waiters() if call.waits else 0
        try:
            exchange = self._callers[-1].send(planned(call, self._names, self._fresh_id))
        except NotSayable as error:
            raise self._failed(call.line, str(error)) from error
        if call.waits:
            self._start_waiting(call, exchange, waited_before + 1)
            return
        reply = exchange.reply()
        if call.lost:
            return
        if call.items and call.answer is None:
            self._check_items(call, reply)
        elif call.answer is None:
            raise self._failed(call.line, f"no answer is expected: got {answer_text(reply.answer, self._names)}")
        else:
            self._check(call.answer, reply.answer)

    def _start_waiting(self, call: Call, exchange: Exchange, expected: int) -> None:
        """Returns once the server knows that the call waits, so that later steps come later for the server too."""
        self._waiters.append(_Waiter(call.who, call.line, exchange))
        waits = eventually(lambda: exchange.answered or self._service.waiters() >= expected)
        if exchange.answered:
            got = answer_text(exchange.reply().answer, self._names)
            raise self._failed(call.line, f"it did not wait: got {got}")
        if not waits:
            raise self._failed(call.line, "neither an answer came, nor does it wait")

    def _check_items(self, call: Call, reply: Reply) -> None:
        if len(reply.items) != len(call.items):
            got = f"{len(reply.items)}: {answer_text(reply.answer, self._names)}"
            raise self._failed(call.line, f"expected {len(call.items)} answers\n  got      {got}")
        for item, answer in zip(call.items, reply.items, strict=True):
            if item.answer is None:
                raise self._failed(item.line, "no answer is expected of this item")
            self._check(item.answer, answer)

    def _next_answered(self, later: Later) -> _Waiter:
        """Whose answer a line means: the one that it names, or any that was answered."""

        def meant(waiter: _Waiter) -> bool:
            return waiter.who == later.who if later.who else waiter.exchange.answered

        eventually(lambda: bool(later.who) or any(meant(waiter) for waiter in self._waiters))
        for waiter in self._waiters:
            if meant(waiter):
                self._waiters.remove(waiter)
                return waiter
        raise self._failed(later.answer.line, "nobody was answered, or nobody of that name waits")

    def _cancel(self, step: Cancel) -> None:
        waiter = next((each for each in self._waiters if each.who == step.who), None)
        if waiter is None:
            raise self._failed(step.line, f"{step.who} does not wait")
        expected = self._service.waiters() - 1
        waiter.exchange.cancel()
        waiter.exchange.await_end()
        self._waiters.remove(waiter)
        self._check_waiting(Waiting(step.line, expected))

    def _check_waiting(self, step: Waiting) -> None:
        def still() -> int:
            return sum(not waiter.exchange.answered for waiter in self._waiters)

        if not eventually(lambda: self._service.waiters() == step.count and still() == step.count):
            got = f"waiting {self._service.waiters()}, {still()} without an answer"
            raise self._failed(step.line, f"expected waiting {step.count}\n  got      {got}")

    def _check(self, expected: Expectation, got: Answer) -> None:
        differs = mismatch(expected, got, self._names)
        if differs is not None:
            wanted, came = expectation_text(expected), answer_text(got, self._names)
            raise self._failed(expected.line, f"{differs}\n  expected {wanted}\n  got      {came}")

    def _failed(self, line: int, what: str) -> TranscriptError:
        return TranscriptError(f"{self._scenario.file}:{line}: {what}")
