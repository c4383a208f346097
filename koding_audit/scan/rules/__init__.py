"""One rule a file: the file's name, with hyphens, is the rule's id.

A rule module has a docstring of one line (why it matters, in a few words), `FACTS` (what must have been read for its
answer to be worth anything), `STEP` (what a person does where `--fix` cannot, in one line), `HELP` (its explanation,
which the documents, SARIF and `explain` show) and a pure `check(comparison) -> Iterator[Finding]`. What was not read is
never a finding: the scanner tells of it.
"""
