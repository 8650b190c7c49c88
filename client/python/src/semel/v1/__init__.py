"""The messages and services of the protocol, generated: see generate.sh. What the client is made of; not its interface."""
