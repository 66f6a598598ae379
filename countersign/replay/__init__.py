"""Runs a ticket again from its record, and asks what if: on scratch files, with a gateway that causes nothing."""
