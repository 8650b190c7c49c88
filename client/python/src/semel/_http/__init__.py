"""What all HTTP adapters share, without a framework: which requests have a key, what becomes of them, what is stored of a response.

Read in this order: policy (what is configured), key_header, requests (key and fingerprint), responses (stored and replayed),
problems (what goes out instead of a response), fates (what a response says about its effect), making (exceptions
that come up while a response is made). None of these does I/O; blocking.py and asynchronous.py drive them with a client.
"""
