"""A crash half way, a checkpoint, and what can neither be taken back nor looked up."""

import semel


# [takeover]
def pay(client: semel.Client, key: str, *, crash: bool) -> str:
    def work(attempt: semel.Attempt) -> str:
        if attempt.previous is semel.Previous.ABANDONED:
            # An earlier attempt fell silent: look whether its effect happened before doing it again.
            print("found checkpoint:", attempt.previous_checkpoint.decode())
        attempt.checkpoint(b"amount 12.50")
        if crash:
            raise ConnectionError("power cut")  # nobody knows how far it came: nothing is reported
        if attempt.lost:
            raise semel.Unknown("another attempt may have taken over")
        return "paid"

    return client.run(key, work, lease=0.3, wait=30).value


# [takeover]


# [in_doubt]
def refund(client: semel.Client, key: str) -> None:
    def work(attempt: semel.Attempt) -> None:
        # From here on it can neither be taken back nor looked up: if this attempt falls silent, or fails without saying
        # how, nobody may simply run it again.
        attempt.checkpoint(b"refund 7", effects_began=True)
        raise RuntimeError("half way")

    client.run(key, work, lease=0.3)


def settle(admin: semel.AdminClient, key: str) -> semel.State | None:
    # Somebody looked at the bank's side: the money moved.
    found = next(admin.each_key(prefix=key, state=semel.State.IN_DOUBT))
    outcome = semel.Result(b'"refund 7"', "application/json")
    return admin.resolve_key(
        found.key, outcome, reason="the bank's statement has it", actor="jo", attempt=found.record.attempt
    ).state


# [in_doubt]


def main() -> None:
    with semel.Client() as client, semel.AdminClient() as admin:
        key = semel.new_key()
        try:
            pay(client, key, crash=True)
        except ConnectionError as error:
            print("crashed:", error)
        print(pay(client, key, crash=False))

        key = semel.new_key()
        try:
            refund(client, key)
        except RuntimeError as error:
            print("refund:", error)
        try:
            client.run(key, lambda attempt: None, wait=30)
        except semel.EffectInDoubt as doubt:
            print("in doubt:", doubt.checkpoint.decode())
        print("settled:", settle(admin, key), client.run(key, lambda attempt: None).value)


main()
