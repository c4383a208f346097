#!/usr/bin/env bash
# Asks about each stack script, offline. action.yml gives the inputs as STACK_* variables; the rest is GitHub's environment.
#
# No credentials are used, and AWS is not called, so a pull request from a fork can be asked about too. Status 0: each script
# can be built; 1: one cannot; 2: of one it is not known, or an input cannot be used.
set -euo pipefail
python=${STACK_PYTHON:-$RUNNER_TEMP/koding-audit-tool/bin/python}
for name in ${!AWS_@} ${!ACTIONS_@}; do
  unset "$name"
done

finished=''
# Any other failure gives status 2: a status of 1 would mean that a stack cannot be built.
trap '[[ $finished ]] || { echo status=not-known >> "$GITHUB_OUTPUT"; exit 2; }' EXIT

annotate() { # SCRIPT MESSAGE: shows a message as an error of a file
  local file=${1//'%'/%25} message=${2//'%'/%25}
  file=${file//','/%2C}
  file=${file//':'/%3A}
  printf '::error file=%s,title=koding-audit::%s\n' "$file" "$message"
}

refuse() { # MESSAGE: nothing was asked
  printf '::error title=koding-audit::%s\n' "$1"
  exit 2
}

lines_of() { # TEXT: its lines without spaces around them, and without empty ones
  sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e '/^$/d' <<< "$1"
}

mapfile -t scripts < <(lines_of "${STACK_SCRIPTS-}")
mapfile -t files < <(lines_of "${STACK_FILES-}")
((${#scripts[@]} > 0)) || refuse "the input scripts names no stack script"
((${#files[@]} > 0)) || refuse "the input files names no desired-state file"
[[ ${STACK_SOURCE-} == demo || ${STACK_SOURCE-} == snapshot:?* ]] || refuse "the input source is neither snapshot:PATH nor demo"

options=(--quiet "--source=$STACK_SOURCE")
[[ -z ${STACK_PRINCIPAL-} ]] || options+=("--principal=$STACK_PRINCIPAL")
worst=0
for script in "${scripts[@]}"; do
  ended=0
  answer=$("$python" -I -m koding_audit stack "${options[@]}" -- "$script" "${files[@]}" 2>&1) || ended=$?
  printf '%s\n\n' "$answer"
  # Indented lines are code: a name in them does not make a link, a picture or a heading.
  { printf '\n'; sed -e 's/^/    /' <<< "$answer"; printf '\n'; } >> "$GITHUB_STEP_SUMMARY"
  case $ended in
    0) ;;
    1) ((worst == 2)) || worst=1 ;;
    *) worst=2 ;;
  esac
  ((ended == 0)) || annotate "$script" "${answer%%$'\n'*}"
done

verdicts=(can-be-built cannot-be-built not-known)
echo "status=${verdicts[worst]}" >> "$GITHUB_OUTPUT"
finished=yes
exit "$worst"
