#!/usr/bin/env bash
# One audit in GitHub Actions. action.yml gives the inputs as AUDIT_* variables; the rest is GitHub's own environment.
#
# Audits the files of a pull request, with the waivers and the baseline of its base branch. A pull request from a fork gets no
# credentials: its files are validated, and AWS is not called. Nothing here can write to IAM.
set -euo pipefail
umask 077
export GIT_LITERAL_PATHSPECS=1

python=${AUDIT_PYTHON:-$RUNNER_TEMP/koding-audit-tool/bin/python}
token_url=${ACTIONS_ID_TOKEN_REQUEST_URL-}
token_bearer=${ACTIONS_ID_TOKEN_REQUEST_TOKEN-}
# Programs that are started below inherit no credentials, neither GitHub's nor AWS keys of the environment.
for name in ${!AWS_@} ${!ACTIONS_@}; do
  [[ $name == AWS_CA_BUNDLE ]] || unset "$name"
done

work=''
finished=''
# Any other failure gives status 2: a status of 1 would mean findings.
trap 'rm -rf "$work"; [[ $finished ]] || { echo status=incomplete >> "$GITHUB_OUTPUT"; exit 2; }' EXIT
work=$(mktemp -d "$RUNNER_TEMP/koding-audit.XXXXXX")  # deleted at the end, with the token in it
reports=$(mktemp -d "$RUNNER_TEMP/koding-audit-report.XXXXXX")

finish() { # STATUS EXIT: sets the output for later steps, and exits
  echo "status=$1" >> "$GITHUB_OUTPUT"
  finished=yes
  exit "$2"
}

refuse() { # MESSAGE: shows it as an error; nothing was audited
  local message=${1//'%'/%25}
  message=${message//$'\r'/%0D}
  printf '::error title=koding-audit::%s\n' "${message//$'\n'/%0A}"
  printf '**koding-audit**: not audited. %s\n' "The log of this step says why." >> "$GITHUB_STEP_SUMMARY"
  finish incomplete 2
}

text_in() { # FILE NAME...: prints the text at this path of names in a JSON file, or nothing
  "$python" -I -c '
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    value = json.load(file)
for name in sys.argv[2:]:
    value = value.get(name) if isinstance(value, dict) else None
sys.stdout.write(value if isinstance(value, str) else "")' "$@"
}

lines_of() { # TEXT: its lines without spaces around them, and without empty ones
  sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e '/^$/d' <<< "$1"
}

mapfile -t files < <(lines_of "${AUDIT_FILES-}")
mapfile -t waivers < <(lines_of "${AUDIT_WAIVERS-}")
mapfile -t baseline < <(lines_of "${AUDIT_BASELINE-}")
((${#baseline[@]} < 2)) || refuse "the input baseline names more than one file"
((${#files[@]} > 0)) || refuse "the input files names no desired-state file"

# --- the event, and the branch that the change is for ---

base=
from_a_fork=
refused_waivers=() # options of the audit: the files in which waivers are refused
case $GITHUB_EVENT_NAME in
  schedule | workflow_dispatch | push) ;;
  merge_group) base=$(text_in "$GITHUB_EVENT_PATH" merge_group base_sha) ;;
  pull_request)
    base=$(text_in "$GITHUB_EVENT_PATH" pull_request base sha)
    head=$(text_in "$GITHUB_EVENT_PATH" pull_request head repo full_name)
    [[ $head == "$GITHUB_REPOSITORY" ]] || from_a_fork=yes
    ;;
  pull_request_target | workflow_run)
    refuse "on $GITHUB_EVENT_NAME a workflow has the base branch's rights, and a checkout may be a stranger's: use pull_request"
    ;;
  *) refuse "this action runs on schedule, workflow_dispatch, push, pull_request and merge_group, not on $GITHUB_EVENT_NAME" ;;
esac

if [[ $from_a_fork ]]; then
  echo "A pull request from a fork gets no credentials: its files are read, and AWS is not asked."
  "$python" -I -m koding_audit validate --quiet -- "${files[@]}" "${waivers[@]}" ||
    refuse "the desired state cannot be used; the lines above say where"
  echo '**koding-audit**: the desired state can be read. It was not compared with the account: a pull request from a' \
    'fork gets no credentials.' >> "$GITHUB_STEP_SUMMARY"
  finish checked 0
fi

# --- waivers and baseline of the base branch ---

if [[ $GITHUB_EVENT_NAME == pull_request || $GITHUB_EVENT_NAME == merge_group ]]; then
  [[ $base =~ ^[0-9a-f]{40,64}$ ]] || refuse "the event names no base commit"
  git cat-file -e "$base^{commit}" 2> "$work/log" || git fetch --quiet --no-tags --depth=1 origin "$base" 2> "$work/log" ||
    refuse "the base commit $base is not here: give actions/checkout the input fetch-depth: 0"
  # The committed files, in a separate folder: those of the base branch take the place of the waivers and the baseline. In an
  # index no path leads through a link, and a file of the base branch is one there, not a link to what the change proposes.
  export GIT_INDEX_FILE=$work/index
  git read-tree HEAD
  for path in "${waivers[@]}" "${baseline[@]}"; do
    IFS= read -r -d '' entry < <(git ls-tree -z --full-tree "$base" -- "$path" 2> "$work/log") || entry=
    [[ $entry =~ ^100(644|755)\ blob\ ([0-9a-f]+)$'\t'(.*)$ && ${BASH_REMATCH[3]} == "${path#./}" ]] ||
      refuse "the base branch has no file $path: waivers and the baseline are taken from there"
    git update-index --add --replace --cacheinfo "100644,${BASH_REMATCH[2]},${BASH_REMATCH[3]}"
  done
  git checkout-index --all --prefix="$work/tree/"
  cd "$work/tree"
  refused_waivers=("${files[@]/#/--no-waivers-in=}") # a pull request cannot waive its own findings
fi

# --- the role, for the audit only ---

[[ ${AUDIT_ROLE_ARN-} =~ ^arn:aws[a-z-]*:iam::([0-9]{12}):role/[A-Za-z0-9/_+=,.@-]+$ ]] ||
  refuse "the input role-arn is not the ARN of a role"
account=${BASH_REMATCH[1]}
[[ $token_url && $token_bearer ]] || refuse "GitHub gives this job no OIDC token: it needs permissions: id-token: write"
curl --silent --show-error --fail --retry 3 --max-time 30 --get --data-urlencode "audience=$AUDIT_AUDIENCE" --header @- \
  --output "$work/reply" "$token_url" <<< "Authorization: Bearer $token_bearer" || refuse "GitHub's OIDC token cannot be had"
text_in "$work/reply" value > "$work/token"
rm "$work/reply"
[[ -s $work/token ]] || refuse "GitHub's answer holds no OIDC token"

options=(--account "$account" --fail-on="$AUDIT_FAIL_ON" --quiet --output github "${refused_waivers[@]}")
for path in "${baseline[@]}"; do
  options+=(--baseline="$path")
done
for format in json sarif markdown; do
  options+=(--output "$format:$reports/report.$format")
done
set +e
AWS_ROLE_ARN=$AUDIT_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE=$work/token AWS_ROLE_SESSION_NAME=koding-audit-$GITHUB_RUN_ID \
  AWS_REGION=$AUDIT_REGION AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true \
  "$python" -I -m koding_audit scan "${options[@]}" -- "${files[@]}" "${waivers[@]}"
ended=$?
set -e
rm -rf "$work"

[[ -s $reports/report.json ]] || refuse "the audit made no report (status $ended)"
cat "$reports/report.markdown" >> "$GITHUB_STEP_SUMMARY"
printf 'report=%s\nsarif=%s\n' "$reports/report.json" "$reports/report.sarif" >> "$GITHUB_OUTPUT"
finish "$(text_in "$reports/report.json" status)" "$ended"
