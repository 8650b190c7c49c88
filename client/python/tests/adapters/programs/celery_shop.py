"""Tasks of a worker. Each effect is a line of the file EFFECTS."""

import json
import os
import signal
from typing import Any

import celery
from celery.exceptions import Reject

import semel
import semel.celery

app = celery.Celery("celery_shop", broker=os.environ["BROKER"], backend=os.environ["BROKER"])
app.conf.update(
    # How long Redis waits before it takes a worker for dead.
    broker_transport_options={"visibility_timeout": 2},
    broker_connection_retry_on_startup=True,
    worker_prefetch_multiplier=1,
)
semel.celery.connect(app, semel.Client)


def order_key(order: str, *_: Any) -> str:
    return semel.key_of("order", order)


def note(what: str, attempt: semel.Attempt | None) -> None:
    assert attempt is not None
    line = {"what": what, "attempt": attempt.number, "previous": attempt.previous.value, "pid": os.getpid()}
    with open(os.environ["EFFECTS"], "a") as effects:
        effects.write(json.dumps(line) + "\n")


@app.task(base=semel.celery.SemelTask, semel_key=order_key)
def place(order: str) -> dict[str, int]:
    note(order, place.semel_attempt)
    return {"pid": os.getpid()}


@app.task(base=semel.celery.SemelTask)
def by_id(what: str) -> str:
    note(what, by_id.semel_attempt)
    return what


@app.task(base=semel.celery.SemelTask, semel_key=order_key, semel_lease=1)
def dies(order: str) -> str:
    """Until it is killed; the second attempt goes through."""
    attempt = dies.semel_attempt
    note(order, attempt)
    if attempt.number == 1:
        signal.pause()
    return "done"


@app.task(base=semel.celery.SemelTask, semel_key=order_key, bind=True, max_retries=1)
def retries(self: Any, order: str) -> str:
    note(order, self.semel_attempt)
    if self.semel_attempt.number < 2:
        raise self.retry(countdown=0, exc=ValueError("no stock"))
    return f"retried {self.request.retries}"


@app.task(
    base=semel.celery.SemelTask,
    semel_key=order_key,
    semel_lease=1,
    autoretry_for=(TimeoutError,),
    max_retries=1,
    retry_kwargs={"countdown": 0},
)
def times_out(order: str) -> int:
    """Answers how many retries of the work it took: waiting for another worker is none."""
    attempt = times_out.semel_attempt
    note(order, attempt)
    if attempt.number == 1:
        raise TimeoutError("the bank did not answer")
    return int(times_out.request.retries)


@app.task(base=semel.celery.SemelTask, semel_key=order_key)
def fails(order: str) -> None:
    note(order, fails.semel_attempt)
    raise semel.Final("STOLEN", "call the bank")


@app.task(
    base=semel.celery.SemelTask,
    semel_key=order_key,
    semel_fingerprint=lambda order, amount: semel.fingerprint(amount),
)
def pay(order: str, amount: int) -> int:
    note(order, pay.semel_attempt)
    return amount


@app.task(base=semel.celery.SemelTask, semel_key=order_key)
def large(order: str) -> str:
    note(order, large.semel_attempt)
    return "x" * 20_000


@app.task(base=semel.celery.SemelTask, semel_key=order_key, bind=True)
def is_replaced(self: Any, order: str) -> None:
    note(order, self.semel_attempt)
    raise self.replace(by_id.si(order + "-instead"))


@app.task(base=semel.celery.SemelTask, semel_key=order_key, bind=True)
def rejects(self: Any, order: str, requeue: bool) -> str:
    note(order, self.semel_attempt)
    if self.semel_attempt.number == 1:
        raise Reject("not now", requeue=requeue)
    return "done"


@app.task(base=semel.celery.SemelTask, semel_key=order_key)
def uses_semel(order: str, what: str) -> None:
    """Raises what would make a message be sent again, had it been raised before the task ran."""
    note(order, uses_semel.semel_attempt)
    inner = semel.key_of("inner", order)
    with semel.Client("127.0.0.1:1", call_timeout=0.1) if what == "unavailable" else semel.Client() as client:
        if what == "failed":
            inner += "-failed"
            held = client.begin(inner)
            assert isinstance(held, semel.Acquired)
            client.complete(inner, held.token, semel.Failure("BUSY", retryable=True, retry_after=60))
        client.run(inner, lambda attempt: None)


@app.task(base=semel.celery.SemelTask, semel_key=order_key, semel_lease=2)
def takes_long(order: str) -> bool:
    """The server says whether its lease would have lapsed: it waits for that as long as two leases and a half."""
    with semel.Client() as client:
        answer = client.begin(order_key(order), wait=5)
    attempt = takes_long.semel_attempt
    assert attempt is not None
    return isinstance(answer, semel.InProgress) and not attempt.lost
