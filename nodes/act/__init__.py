"""ACT: check, authorize, ask a person, execute."""
