"""The analysis, claim by claim: a register, the runs behind each claim, verdicts and a report."""
