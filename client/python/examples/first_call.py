"""A function that runs once for its key."""

import sys

# [run]
import semel


def place_order(order: dict[str, object], token: int) -> dict[str, object]:
    # Hand the token to what you write to: it can refuse the smaller ones of owners that lost their lease.
    return {"order": order["id"], "token_given": token > 0}


def place(client: semel.Client, order: dict[str, object]) -> None:
    outcome = client.run(
        semel.key_of("order", str(order["id"])),
        # Only one caller gets here; all others, now or tomorrow, get what is returned.
        lambda attempt: place_order(order, attempt.token),
        fingerprint=semel.fingerprint(order, leave_out=["/sent_at"]),
        wait=10,
    )
    print(outcome.value, "(before)" if outcome.replayed else "")


# [run]


def main(order_id: str) -> None:
    # SEMEL_ADDRESS and SEMEL_NAMESPACE say where the server is, and whose the keys are.
    with semel.Client() as client:
        place(client, {"id": order_id, "items": ["book"], "sent_at": "10:00"})
        place(client, {"id": order_id, "items": ["book"], "sent_at": "10:05"})


main(sys.argv[1] if len(sys.argv) > 1 else semel.new_key())
