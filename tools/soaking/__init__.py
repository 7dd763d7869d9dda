"""The parts of the endurance test: the server, its clients, the faults, the checks."""
