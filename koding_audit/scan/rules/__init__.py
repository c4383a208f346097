"""One rule per file: the file's name, with hyphens, is the rule's id.

A rule module has a docstring of two short sentences (what is wrong, and why it matters), `TRAITS` (what other packages
need to know of the rule), `FACTS` (what must have been read before the rule is evaluated), `STEP` (what a person does
where `--fix` cannot, in one line), `HELP` (its explanation, which the documents, SARIF and `explain` show) and a pure
`check(comparison) -> Iterator[Finding]`. A fact that was not read is never a finding: the scanner reports it as a gap.
"""
