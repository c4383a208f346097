#!/usr/bin/env bash
# policyglass says that two patterns have nothing in common where neither holds the other.
#
# Versions: policyglass 0.8.0, pydantic 1.10.24.
# Expected: the intersection of s3:*Object and s3:Get* has s3:GetObject, which is in each of the two, as issubset says.
# Seen:     None, which stands for "no intersection"; so it is for resources. An intersection of a pattern with a wider one is
#           right.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check policyglass==0.8.0 pydantic==1.10.24
python/bin/python - <<'PY'
from policyglass import Action, EffectiveAction, EffectiveResource, Resource

read, objects, all_of_s3 = (EffectiveAction(Action(name)) for name in ("s3:Get*", "s3:*Object", "s3:*"))
one = Action("s3:GetObject")
print("GetObject is in s3:Get* and in s3:*Object:", one.issubset(read.inclusion), one.issubset(objects.inclusion))
print("s3:Get* and s3:*Object:", read.intersection(objects))
print("s3:Get* and s3:*:", read.intersection(all_of_s3))
assert one.issubset(read.inclusion) and one.issubset(objects.inclusion)
assert read.intersection(objects) is None
assert read.intersection(all_of_s3) == read
folder, names = (EffectiveResource(Resource(f"arn:aws:s3:::{name}")) for name in ("logs/*", "*/2026"))
print("logs/* and */2026:", folder.intersection(names))
assert folder.intersection(names) is None
PY
