"""Small clients of each protocol, for tests that have the server in the same loop. They share no code with it."""
