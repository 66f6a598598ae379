"""The policy gate: a question and Cedar rules become a decision; what no rule names is denied."""
