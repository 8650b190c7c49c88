"""A shop for gunicorn, which loads it before it forks. Each effect is a line of the file EFFECTS."""

import os

import flask

import semel
import semel.flask

app = flask.Flask(__name__)
idempotency = semel.flask.Idempotency(app, semel.Client, wait=30)


@app.post("/orders/<name>")
@idempotency.required
def place(name: str) -> tuple[dict[str, int | str], int]:
    attempt = semel.flask.current_attempt()
    assert attempt is not None
    with open(os.environ["EFFECTS"], "a") as effects:
        effects.write(f"{name} {attempt.token} {os.getpid()}\n")
    return {"name": name, "pid": os.getpid()}, 201
