"""The calls one by one, and in batches."""

import semel


# [calls]
def converse(client: semel.Client, key: str) -> str:
    match client.begin(key, lease=30, owner="till-3"):
        case semel.Acquired(token=token, attempt=attempt):
            # ... the effect goes here; renew before the lease is over ...
            client.renew(key, token)
            client.complete(key, token, semel.Result(b"printed", "text/plain"))
            return f"done by attempt {attempt}"
        case semel.Done(result=result):
            return f"done before: {result.payload.decode()}"
        case semel.InProgress(owner=owner):
            return f"in progress at {owner}"
        case other:
            return f"something else: {other}"


# [calls]


# [batch]
def consume(client: semel.Client, messages: list[str]) -> int:
    begins = [semel.BeginRequest(semel.key_of("message", message)) for message in messages]
    completes = []
    for begin, answer in zip(begins, client.batch_begin(begins), strict=True):
        match answer:
            case semel.Acquired(token=token):
                completes.append(semel.CompleteRequest(begin.key, token, semel.Result(b"ok")))
            case semel.CallError() as error:
                print(f"{begin.key}: {error}")  # this one alone
            case _:
                pass  # done before, or somebody else is at it
    if not completes:
        return 0
    return sum(isinstance(stored, semel.Completed) for stored in client.batch_complete(completes))


# [batch]


def main() -> None:
    with semel.Client() as client:
        key = semel.new_key()
        print(converse(client, key))
        print(converse(client, key))
        messages = [semel.new_key() for _ in range(5)]
        print(consume(client, messages[:3]), "of 3,", consume(client, messages), "of 5")


main()
