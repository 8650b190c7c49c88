"""What becomes of a run, and what a function says of its own failure."""

import semel


# [outcomes]
class CardDeclined(Exception):
    pass


def meaning(error: BaseException, attempt: semel.FailedAttempt) -> semel.Verdict | None:
    if isinstance(error, CardDeclined):
        return semel.Final("CARD_DECLINED", str(error))  # replayed to everyone who asks again
    return None  # as the default policy says


def charge(client: semel.Client, key: str, card: str) -> str:
    def work(attempt: semel.Attempt) -> str:
        if card == "stolen":
            raise CardDeclined("no such card")
        if card == "busy":
            raise semel.Retryable("BANK_BUSY", "come back later", retry_after=60)
        if card == "silent":
            raise TimeoutError("the bank did not answer")  # nobody knows: nothing is recorded
        return "charged"

    try:
        return client.run(key, work, on_error=meaning).value
    except semel.AlreadyRunning as running:
        return f"{running.owner} is at it, attempt {running.attempt}"
    except semel.EffectFailed as failed:
        return f"failed before: {failed.reason}, {'retryable' if failed.retryable else 'final'}"
    except semel.EffectInDoubt:
        return "somebody has to look at the bank's side"
    except semel.ResultExpired:
        return "charged long ago"
    except (CardDeclined, semel.Retryable, TimeoutError) as error:
        return f"failed now: {error}"


# [outcomes]


def main() -> None:
    with semel.Client(owner="till-3") as client:
        for card in ("good", "stolen", "busy", "silent"):
            key = semel.new_key()
            print(f"{card}: {charge(client, key, card)}; again: {charge(client, key, card)}")


main()
