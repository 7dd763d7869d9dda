"""The desktop's side: how to bring the tests to each kind of target. Not used on a target itself."""
