"""Traces of what the desk does: spans by OpenTelemetry, into a bounded file, and to an endpoint if one is set."""
