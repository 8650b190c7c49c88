"""What semel.asgi is made of."""
