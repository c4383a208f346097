"""`completion`: what real shells offer, and what they make of a line and a tab."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from koding_audit.cli import main
from koding_audit.cli.commands import SUMMARIES as COMMANDS
from koding_audit.cli.handlers.completion import describe_commands

# In bash: for each line the words, as readline would part them; then what is offered, a line for each.
OFFERED = """
source "$1"
for line in "${@:2}"; do
    IFS=' ' read -r -a COMP_WORDS <<< "$line"
    [[ $line == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _koding_audit
    printf '%s\\n' "$(IFS=$'\\t'; echo "${COMPREPLY[*]}")"
done
"""
IN_FISH = r"""
source $argv[1]
for line in $argv[2..]
    echo (complete -C $line | string replace -r '\t.*' '' | string join \t)
end
"""


def script(shell: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["completion", shell]) == 0
    file = folder / f"completion.{shell}"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    return file


def needs(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")


def offered(shell: str, lines: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> list[set[str]]:
    """What the shell offers for each line, by its own way of asking."""
    needs(shell)
    file = str(script(shell, folder, capsys))
    start = [shell, "--norc", "-c", OFFERED, "bash"] if shell == "bash" else [shell, "-c", IN_FISH]
    done = subprocess.run(
        [*start, file, *lines],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    return [set(filter(None, line.split("\t"))) for line in done.stdout.split("\n")][: len(lines)]


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_every_option_of_every_command_is_offered_and_no_other(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    every = list(describe_commands())
    assert {each.name for each in every} == set(COMMANDS)
    found = offered(shell, [f"koding-audit {each.name} --" for each in every], tmp_path, capsys)
    for command, told in zip(every, found, strict=True):
        assert told == {flag for option in command.options for flag in option.flags if flag.startswith("--")}


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_commands_and_the_values_of_options_are_offered(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.yaml").touch()
    (tmp_path / "plans").mkdir()
    expected = {
        "koding-audit ": set(COMMANDS),
        "koding-audit sn": {"snapshot"},
        "koding-audit scan --only root-": {
            *("root-access-key", "root-key-used", "root-mfa-missing", "root-signing-certificate", "root-used")
        },
        "koding-audit scan --fail-on ": {"error", "warning", "note"},
        "koding-audit scan --output js": {"json", "jsonl"},
        "koding-audit explain not-": {"not-checked"},
        "koding-audit schema rep": {"report"},
        "koding-audit completion ": {"bash", "zsh", "fish"},
        "koding-audit permissions re": {"replace"},
        # A mode that is called as a command is: the options are those of the first.
        "koding-audit permissions setup --w": {"--with"},
        "koding-audit scan --quiet mi": {"mine.yaml"},
        "koding-audit scan --journal mi": {"mine.yaml"},
        "koding-audit apply pl": {"plans"},
    }
    found = offered(shell, list(expected), tmp_path, capsys)
    assert [{each.rstrip("/") for each in told} for told in found] == list(expected.values())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_the_shell_can_read(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needs(shell)
    file = script(shell, tmp_path, capsys)
    done = subprocess.run([shell, "-n", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert file.read_text(encoding="utf-8").isascii()


# --- a tab that is pressed ----------------------------------------------------------------------


class Prompt:
    """A shell at a terminal of its own."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._child, self._terminal = pty.fork()
        if self._child == 0:
            os.chdir(folder)
            environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "dumb", "PS1": "> "}
            os.execvpe(command[0], command, environment)
        self._shown = ""

    def enter(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def until(self, text: str) -> str:
        """What was shown up to now; waits until the text is in it, or half a minute."""
        deadline = time.monotonic() + 30
        while text not in self._shown and time.monotonic() < deadline:
            ready, _, _ = select.select([self._terminal], [], [], 1)
            try:
                self._shown += os.read(self._terminal, 65536).decode("utf-8", "replace") if ready else ""
            except OSError:  # the shell has gone
                break
        return self._shown

    def close(self) -> None:
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)
        os.close(self._terminal)


SAYS = "koding-audit() { printf '<%s>' \"$@\"; echo; }\n"
INTERACTIVE = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "bind 'set enable-bracketed-paste off'\n"),
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u -D; unsetopt zle_bracketed_paste\n"),
}


@pytest.mark.parametrize("shell", sorted(INTERACTIVE))
@pytest.mark.parametrize(
    ("typed", "becomes"),
    [
        ("koding-audit snap\t--ou\tx", "<snapshot><--out><x>"),
        ("koding-audit scan --only policy-not\tmin\t", "<scan><--only><policy-not-found><mine.yaml>"),
        ("koding-audit scan --output json:min\t", "<scan><--output><json:mine.yaml>"),
        ("koding-audit explain caller\t", "<explain><caller-is-root>"),
    ],
    ids=["options", "rules and files", "a format and its file", "a rule"],
)
def test_a_tab_at_a_prompt_completes(
    shell: str, typed: str, becomes: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needs(shell)
    (tmp_path / "mine.yaml").touch()
    command, first = INTERACTIVE[shell]
    file = script(shell, tmp_path, capsys)
    prompt = Prompt(command, tmp_path)
    try:
        prompt.enter(f"{first}source {file}\n{SAYS}echo READ''Y\n")
        prompt.until("READY\r\n")
        prompt.enter(f"{typed}\n")
        assert becomes in prompt.until(becomes)
    finally:
        prompt.close()
