"""What an agent may propose: closed words, and records that it looked up in this ticket. Proposing causes nothing."""
