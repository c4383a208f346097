"""`completion SHELL`: a script that completes commands, options and values, made from the parsers."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from koding_audit import plugins
from koding_audit.cli.commands import SUMMARIES
from koding_audit.cli.options import DEPLOY_MODE, MODES
from koding_audit.cli.output import emit
from koding_audit.cli.parser import build_command_parser
from koding_audit.io.terminal import Terminal
from koding_audit.model.finding import NOT_CHECKED
from koding_audit.model.traits import find_source_traits

# The metavars of a path; for `[MODE] [FILE ...]` the modes are offered too.
_PATH_METAVARS = frozenset({"FILE", "PLAN", "JOURNAL", "REPORT", "SCRIPT", "OLD", "NEW"})


class ValueSpec(NamedTuple):
    """The value of an option, or an argument.

    name: its metavar
    words: the words that are offered
    files: whether files are offered
    takes_path: whether `:PATH` may follow a word
    """

    name: str
    words: tuple[str, ...] = ()
    files: bool = False
    takes_path: bool = False


class OptionSpec(NamedTuple):
    """An option.

    flags: each of its spellings
    value: None if it takes no value
    repeats: whether it may be repeated
    """

    flags: tuple[str, ...]
    help: str
    value: ValueSpec | None
    repeats: bool


class CommandSpec(NamedTuple):
    """A command as a shell sees it."""

    name: str
    help: str
    options: tuple[OptionSpec, ...]
    values: tuple[ValueSpec, ...]


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:  # noqa: ARG001 - the commands' signature
    """Print the script; it does not call this tool when it runs."""
    emit(_SCRIPT_OF_SHELL[namespace.shell](tuple(describe_commands())))
    return 0


def describe_commands() -> Iterator[CommandSpec]:
    """Every command, with its help, options and arguments."""
    for name, summary in SUMMARIES.items():
        shown = [each for each in build_command_parser(name)._actions if each.help != argparse.SUPPRESS]
        yield CommandSpec(
            name,
            summary,
            tuple(_describe_option(each) for each in shown if each.option_strings),
            tuple(_describe_value(each) for each in shown if not each.option_strings),
        )


def _describe_option(action: argparse.Action) -> OptionSpec:
    value = None if action.nargs == 0 else _describe_value(action)
    return OptionSpec(
        tuple(action.option_strings), action.help or "", value, isinstance(action, argparse._AppendAction)
    )


def _describe_value(action: argparse.Action) -> ValueSpec:
    name = str(action.metavar or action.dest)
    if action.choices:
        return ValueSpec(name, tuple(map(str, action.choices)))
    known: Mapping[str, Callable[[], tuple[str, ...]]] = {
        "RULE": lambda: (*plugins.plugin_names("scan.rules"), NOT_CHECKED),
        "FORMAT[:PATH]": lambda: tuple(plugins.plugin_names("report.formats")),
        "SOURCE": _source_words,
        "[MODE] [FILE ...]": lambda: (*MODES, DEPLOY_MODE),
    }
    words = known[name]() if name in known else ()
    return ValueSpec(name, words, name in _PATH_METAVARS or "FILE" in name, name in ("FORMAT[:PATH]", "SOURCE"))


def _source_words() -> tuple[str, ...]:
    """The sources, the default one first; a colon follows the name of one that takes an argument."""
    traits = {name: find_source_traits(name) for name in plugins.plugin_names("aws.sources")}
    names = sorted(traits, key=lambda name: not traits[name].is_default)
    return tuple(f"{name}:" if traits[name].argument else name for name in names)


# --- bash -----------------------------------------------------------------------------------------

_BASH_TEMPLATE = """\
# bash completion for koding-audit; made by `koding-audit completion bash`
_koding_audit() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command='' options='' words='' files='' i
    local IFS=$'\\n'
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} != -* ]]; then command=${COMP_WORDS[i]}; break; fi
    done
    # Readline splits a word at = and :, as in --output=json:report.json.
    if [[ $cur == : || $prev == : ]]; then
        [[ $cur == : ]] && cur=''
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -f -- "$cur"))
        return
    fi
    if [[ $cur == '=' ]]; then cur=''; elif [[ $prev == '=' ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
    case $command in
@CASES@
    esac
    if [[ $cur == -* ]]; then
        words=$options files=''
    fi
    COMPREPLY=($(IFS=' '; compgen -W "$words" -- "$cur"))
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *: ]] && compopt -o nospace 2>/dev/null
    if [[ -n $files ]]; then
        compopt -o filenames 2>/dev/null
        COMPREPLY+=($(compgen -f -- "$cur"))
    fi
}
complete -F _koding_audit koding-audit
"""


def bash_script(every: Iterable[CommandSpec]) -> str:
    """The script for bash, 3.2 or later."""
    those = tuple(every)
    names = " ".join(each.name for each in those)
    cases = [f"        '') options='--help --version' words='{names}' ;;"]
    for each in those:
        cases += [f"        {each.name})", *_bash_case(each), "            ;;"]
    return _BASH_TEMPLATE.replace("@CASES@", "\n".join(cases))


def _bash_case(command: CommandSpec) -> Iterator[str]:
    """After an option with a value, that value is offered; options of the same kind share a line."""
    takers: dict[str, list[str]] = {}
    for each in command.options:
        if each.value:
            settings = f"words='{' '.join(each.value.words)}' files={'1' if each.value.files else ''}"
            takers.setdefault(settings, []).extend(each.flags)
    yield "            case $prev in"
    yield from (f"                {'|'.join(flags)}) {settings} ;;" for settings, flags in takers.items())
    yield f"                *) {_bash_default(command)} ;;"
    yield "            esac"


def _bash_default(command: CommandSpec) -> str:
    flags = " ".join(flag for each in command.options for flag in each.flags)
    words = " ".join(word for each in command.values for word in each.words)
    files = "1" if any(each.files for each in command.values) else ""
    return f"options='{flags}' words='{words}' files={files}"


# --- zsh ------------------------------------------------------------------------------------------

_ZSH_TEMPLATE = """\
#compdef koding-audit
# zsh completion for koding-audit; made by `koding-audit completion zsh`

# Words of which some are followed by a colon and a path.
_koding_audit_prefixed() {
    if compset -P '*:'; then _files; else compadd -S '' -- "$@"; fi
}

_koding_audit() {
    if (( CURRENT == 2 )); then
        local -a every
        every=(
@COMMANDS@
        )
        if [[ $words[2] == -* ]]; then compadd -- --help --version; else _describe -t commands command every; fi
        return
    fi
    shift words
    (( CURRENT-- ))
    case $words[1] in
@CASES@
    esac
}

if [[ $funcstack[1] == _koding_audit ]]; then _koding_audit "$@"; else compdef _koding_audit koding-audit; fi
"""


def zsh_script(every: Iterable[CommandSpec]) -> str:
    """The script for zsh: to source after compinit, or as `_koding-audit` in a folder of $fpath."""
    those = tuple(every)
    listed = [f"            {_quote_zsh(f'{each.name}:{each.help}')}" for each in those]
    cases = []
    for each in those:
        specs = "".join(f" \\\n            {spec}" for spec in (*map(_zsh_option, each.options), *_zsh_values(each)))
        cases.append(f"        {each.name}) _arguments -s{specs} ;;")
    return _ZSH_TEMPLATE.replace("@COMMANDS@", "\n".join(listed)).replace("@CASES@", "\n".join(cases))


def _zsh_option(option: OptionSpec) -> str:
    says = option.help.replace("[", "\\[").replace("]", "\\]")
    value = f":{_zsh_value(option.value)}" if option.value else ""
    if option.repeats:
        return " ".join(_quote_zsh(f"*{flag}[{says}]{value}") for flag in option.flags)
    apart = f"({' '.join(option.flags)})" if len(option.flags) > 1 else ""
    return " ".join(_quote_zsh(f"{apart}{flag}[{says}]{value}") for flag in option.flags)


def _zsh_values(command: CommandSpec) -> Iterator[str]:
    """Arguments are offered in any place: the options before a word do not show which argument it is."""
    words = tuple(word for each in command.values for word in each.words)
    files = any(each.files for each in command.values)
    if words or files:
        name = " or ".join(each.name for each in command.values)
        yield _quote_zsh(f"*:{_zsh_value(ValueSpec(name, words, files))}")


def _zsh_value(value: ValueSpec) -> str:
    """The name of a value, and the zsh code that offers it."""
    name = value.name.replace(":", "\\:")
    if value.takes_path:
        return f"{name}:{{_koding_audit_prefixed {' '.join(value.words)}}}"
    words = f"compadd -- {' '.join(value.words)}" if value.words else ""
    files = "_files" if value.files else ""
    return f"{name}:{{{'; '.join(filter(None, (words, files)))}}}" if words or files else f"{name}: "


def _quote_zsh(text: str) -> str:
    """The text, quoted as one word of zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


# --- fish -----------------------------------------------------------------------------------------

_FISH_HEADER = """\
# fish completion for koding-audit; made by `koding-audit completion fish`
function __koding_audit_command
    for word in (commandline -opc)[2..-1]
        if not string match -q -- '-*' $word
            echo $word
            return
        end
    end
end
function __koding_audit_is
    test "$(__koding_audit_command)" = "$argv[1]"
end
complete -c koding-audit -f
complete -c koding-audit -n '__koding_audit_is ""' -l help -d 'show the help'
complete -c koding-audit -n '__koding_audit_is ""' -l version -d 'show the version'
"""


def fish_script(every: Iterable[CommandSpec]) -> str:
    """The script for fish, 3.4 or later."""
    lines = [_FISH_HEADER]
    for each in every:
        lines.append(
            f"""complete -c koding-audit -n '__koding_audit_is ""' -a {each.name} -d {_quote_fish(each.help)}\n"""
        )
        start = f"complete -c koding-audit -n '__koding_audit_is {each.name}'"
        lines += [f"{start} {_fish_option(option)}\n" for option in each.options]
        lines += [f"{start} {flag}\n" for value in each.values for flag in _fish_value(value) if flag != "-x"]
    return "".join(lines)


def _fish_option(option: OptionSpec) -> str:
    flags = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)
    takes = f" {' '.join(_fish_value(option.value))}" if option.value else ""
    return f"{flags}{takes} -d {_quote_fish(option.help)}"


def _fish_value(value: ValueSpec) -> list[str]:
    """The flags that offer its words, and files if it may be one; -x: its values cannot be listed."""
    words = [f"-a {_quote_fish(' '.join(value.words))}"] if value.words else []
    return [*words, "-r -F"] if value.files or value.takes_path else [*words, "-x"]


def _quote_fish(text: str) -> str:
    """The text, quoted as one word of fish."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_SCRIPT_OF_SHELL: Mapping[str, Callable[[Iterable[CommandSpec]], str]] = {
    "bash": bash_script,
    "zsh": zsh_script,
    "fish": fish_script,
}
