"""`make bench`: what the commands cost as users run them: over TLS, near and far, beside bare botocore.

`python -m benchmarks.bench [QUESTION ...] [--against REV] [--runs N]` measures all questions or some of them. Each has
a module of its own here, and each table is of one run in which all cases came in turn (benchmarks.measuring). With
--against a revision of the project stands beside this checkout in each, run by the same Python with the same packages.
The last table is what has to hold. Quote the ratios of one table, not the times of two.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping

from benchmarks import accounts, gate, reports, start, waivers
from benchmarks.measuring import RUNS, Bench, Held, benchmark, held

Question = Callable[[Bench], Iterator[str | Held]]
QUESTIONS: Mapping[str, Question] = {
    "gate": gate.measured,
    "accounts": accounts.measured,
    "waivers": waivers.measured,
    "reports": reports.measured,
    "start": start.measured,
}


def main() -> None:
    options = parsed()
    lines: list[Held] = []
    with benchmark(options.against, options.runs) as bench:
        for name in options.questions or QUESTIONS:
            for each in QUESTIONS[name](bench):
                if isinstance(each, Held):
                    lines.append(each)
                else:
                    print(each, end="\n\n", flush=True)
    if lines:
        print(held(lines))
    print(f"Medians of {options.runs} turns; in brackets that between which the middle half of them lies.")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=f"some of: {', '.join(QUESTIONS)}")
    parser.add_argument("--against", metavar="REV", help="a revision to measure beside this checkout")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"turns that count (default: {RUNS})")
    options = parser.parse_args()
    if unknown := sorted(set(options.questions) - QUESTIONS.keys()):
        parser.error(f"no such question: {', '.join(unknown)}")
    if options.runs < 2:
        parser.error("--runs: at least 2")
    return options


if __name__ == "__main__":
    main()
