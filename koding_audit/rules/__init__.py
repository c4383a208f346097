"""One rule a file. The file's name, with hyphens, is the rule's id.

A rule module has a docstring (its first line: why it matters, in a few words for the table), `FACTS`
(what must have been read for its answer to be worth anything) and a pure
`check(comparison) -> Iterator[Finding]`.
"""
