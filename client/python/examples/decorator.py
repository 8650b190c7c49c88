"""The decorator, and the context manager."""

import semel

client = semel.Client()


# [once]
@client.once(key="refund/{payment_id}", fingerprint=lambda payment_id, cents: semel.fingerprint(cents), wait=10)
def refund(payment_id: str, cents: int) -> dict[str, int]:
    return {"refunded": cents}


# [once]


# [attempt]
def ship(client: semel.Client, parcel: str) -> str:
    try:
        with client.attempt(semel.key_of("parcel", parcel), lease=30) as attempt:
            if parcel.startswith("unpacked"):
                attempt.release()  # nothing has happened yet: let another try now
                return "not packed"
            attempt.checkpoint(b"label 12")  # for the next attempt, should this one fall silent
            attempt.complete(f"shipped {parcel}")
            return "shipped"
    except semel.AlreadyDone as done:
        return f"before: {done.outcome.value}"


# [attempt]


def main() -> None:
    payment, parcel = semel.new_key(), semel.new_key()
    print(refund(payment, 500), refund(payment, 500), refund.outcome(payment, 500).replayed)
    print(ship(client, f"unpacked {parcel}"))
    print(ship(client, parcel), "/", ship(client, parcel).replace(parcel, "PARCEL"))


main()
client.close()
