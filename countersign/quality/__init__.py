"""The quality gate: a reply and the facts it may state, in; findings, out. Pure."""
