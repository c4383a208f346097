"""Generated from schema.json by tests/generate.py: do not edit."""

import functools
import re
from typing import Any


class Invalid(ValueError):
    """The value does not fit the schema."""


REGEX_PATTERNS = {
    '^(root|\\*[!-~]{0,512}|((user|group|role|policy)/|arn:)[!-~]{1,512})$': '^(root|\\*[!-~]{0,512}|((user|group|role|policy)/|arn:)[!-~]{1,512})\\Z',
    '^[!-~]{1,512}$': '^[!-~]{1,512}\\Z',
    '[^ ]': '[^ ]',
    '^[0-9]{4}-[0-9]{2}-[0-9]{2}$': '^[0-9]{4}-[0-9]{2}-[0-9]{2}\\Z',
    '^[A-Za-z0-9_+=,.@-]{1,128}$': '^[A-Za-z0-9_+=,.@-]{1,128}\\Z',
    '^([!-)+-.0-~]+/)*[A-Za-z0-9_+=,.@-]{1,64}$': '^([!-)+-.0-~]+/)*[A-Za-z0-9_+=,.@-]{1,64}\\Z',
    '^[A-Za-z0-9_+=,.@:/-]{2,1224}$': '^[A-Za-z0-9_+=,.@:/-]{2,1224}\\Z',
    '^(ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32})$': '^(ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32})\\Z',
    '^[A-Za-z0-9_+=,.@*-]{1,128}$': '^[A-Za-z0-9_+=,.@*-]{1,128}\\Z',
    '^[A-Za-z0-9_+=,.@-]{1,64}$': '^[A-Za-z0-9_+=,.@-]{1,64}\\Z',
    '^(?!(.*[/:])?\\.\\.?/)(([A-Za-z0-9_+=,.@-]+/)*|customer:([!-)+-.0->@-~]+/)*|arn:(\\$\\{partition\\}|aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b|aws-iso-e|aws-iso-f|aws-eusc):iam::(aws|\\$\\{account\\}|[0-9]{12}):policy/([!-)+-.0->@-~]+/)*)[A-Za-z0-9_+=,.@-]{1,128}$': '^(?!(.*[/:])?\\.\\.?/)(([A-Za-z0-9_+=,.@-]+/)*|customer:([!-)+-.0->@-~]+/)*|arn:(\\$\\{partition\\}|aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b|aws-iso-e|aws-iso-f|aws-eusc):iam::(aws|\\$\\{account\\}|[0-9]{12}):policy/([!-)+-.0->@-~]+/)*)[A-Za-z0-9_+=,.@-]{1,128}\\Z',
    '^(?!.*/\\.\\.?/)/([!-~]{1,510}/)?$': '^(?!.*/\\.\\.?/)/([!-~]{1,510}/)?\\Z',
    '^(?![Aa][Ww][Ss]:)[^!"#\\$%&\'()*,;<>?\\[\\\\\\]^`{|}~]{1,128}$': '^(?![Aa][Ww][Ss]:)[^!"#\\$%&\'()*,;<>?\\[\\\\\\]^`{|}~]{1,128}\\Z',
    '^[^!"#\\$%&\'()*,;<>?\\[\\\\\\]^`{|}~]{0,256}$': '^[^!"#\\$%&\'()*,;<>?\\[\\\\\\]^`{|}~]{0,256}\\Z',
    '^(\\*|arn:[!-~]{1,2044})$': '^(\\*|arn:[!-~]{1,2044})\\Z',
    '^[A-Za-z0-9-]{1,64}:[A-Za-z0-9]{1,128}$': '^[A-Za-z0-9-]{1,64}:[A-Za-z0-9]{1,128}\\Z',
    '^v[1-9][0-9]{0,8}$': '^v[1-9][0-9]{0,8}\\Z',
    '^[0-9]{12}$': '^[0-9]{12}\\Z'
}


@functools.cache
def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(REGEX_PATTERNS[pattern])


NoneType = type(None)

def validate(data: Any) -> Any:
    if not isinstance(data, (dict)):
        raise Invalid
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data__missing_keys = set(['version']) - data.keys()
        if data__missing_keys:
            raise Invalid
        data_keys = set(data.keys())
        if "version" in data_keys:
            data_keys.remove("version")
            data__version = data["version"]
            if not isinstance(data__version, (int)) and not (isinstance(data__version, float) and data__version.is_integer()) or isinstance(data__version, bool):
                raise Invalid
            if not (isinstance(data__version, (int, float)) and not isinstance(data__version, bool) and data__version == 1):
                raise Invalid
        if "account" in data_keys:
            data_keys.remove("account")
            data__account = data["account"]
            if not isinstance(data__account, (dict)):
                raise Invalid
            data__account_is_dict = isinstance(data__account, dict)
            if data__account_is_dict:
                data__account_keys = set(data__account.keys())
                if "id" in data__account_keys:
                    data__account_keys.remove("id")
                    data__account__id = data__account["id"]
                    data__account__id_any_of_count1 = 0
                    if not data__account__id_any_of_count1:
                        try:
                            validate___definitions_accountid(data__account__id)
                            data__account__id_any_of_count1 += 1
                        except Invalid: pass
                    if not data__account__id_any_of_count1:
                        try:
                            if not isinstance(data__account__id, (list, tuple)):
                                raise Invalid
                            data__account__id_is_list = isinstance(data__account__id, (list, tuple))
                            if data__account__id_is_list:
                                data__account__id_len = len(data__account__id)
                                if data__account__id_len < 1:
                                    raise Invalid
                                for data__account__id_x, data__account__id_item in enumerate(data__account__id):
                                    validate___definitions_accountid(data__account__id_item)
                            data__account__id_any_of_count1 += 1
                        except Invalid: pass
                    if not data__account__id_any_of_count1:
                        raise Invalid
                if "partition" in data__account_keys:
                    data__account_keys.remove("partition")
                    data__account__partition = data__account["partition"]
                    if not isinstance(data__account__partition, (str)):
                        raise Invalid
                    if not (isinstance(data__account__partition, str) and data__account__partition == 'aws' or isinstance(data__account__partition, str) and data__account__partition == 'aws-cn' or isinstance(data__account__partition, str) and data__account__partition == 'aws-us-gov' or isinstance(data__account__partition, str) and data__account__partition == 'aws-iso' or isinstance(data__account__partition, str) and data__account__partition == 'aws-iso-b' or isinstance(data__account__partition, str) and data__account__partition == 'aws-iso-e' or isinstance(data__account__partition, str) and data__account__partition == 'aws-iso-f' or isinstance(data__account__partition, str) and data__account__partition == 'aws-eusc'):
                        raise Invalid
                if data__account_keys:
                    raise Invalid
        if "policy_sets" in data_keys:
            data_keys.remove("policy_sets")
            data__policysets = data["policy_sets"]
            if not isinstance(data__policysets, (dict)):
                raise Invalid
            data__policysets_is_dict = isinstance(data__policysets, dict)
            if data__policysets_is_dict:
                data__policysets_keys = set(data__policysets.keys())
                for data__policysets_key in data__policysets_keys:
                    if data__policysets_key not in []:
                        data__policysets_value = data__policysets.get(data__policysets_key)
                        validate___definitions_policyset(data__policysets_value)
                data__policysets_len = len(data__policysets)
                if data__policysets_len != 0:
                    data__policysets_property_names = True
                    for data__policysets_key in data__policysets:
                        try:
                            validate___definitions_setname(data__policysets_key)
                        except Invalid:
                            data__policysets_property_names = False
                    if not data__policysets_property_names:
                        raise Invalid
        if "groups" in data_keys:
            data_keys.remove("groups")
            data__groups = data["groups"]
            if not isinstance(data__groups, (dict)):
                raise Invalid
            data__groups_is_dict = isinstance(data__groups, dict)
            if data__groups_is_dict:
                data__groups_keys = set(data__groups.keys())
                for data__groups_key in data__groups_keys:
                    if data__groups_key not in []:
                        data__groups_value = data__groups.get(data__groups_key)
                        validate___definitions_group(data__groups_value)
                data__groups_len = len(data__groups)
                if data__groups_len != 0:
                    data__groups_property_names = True
                    for data__groups_key in data__groups:
                        try:
                            validate___definitions_groupname(data__groups_key)
                        except Invalid:
                            data__groups_property_names = False
                    if not data__groups_property_names:
                        raise Invalid
        if "user_defaults" in data_keys:
            data_keys.remove("user_defaults")
            data__userdefaults = data["user_defaults"]
            if not isinstance(data__userdefaults, (dict)):
                raise Invalid
            data__userdefaults_is_dict = isinstance(data__userdefaults, dict)
            if data__userdefaults_is_dict:
                data__userdefaults_keys = set(data__userdefaults.keys())
                for data__userdefaults_key in data__userdefaults_keys:
                    if data__userdefaults_key not in []:
                        data__userdefaults_value = data__userdefaults.get(data__userdefaults_key)
                        validate___definitions_userdefault(data__userdefaults_value)
                data__userdefaults_len = len(data__userdefaults)
                if data__userdefaults_len != 0:
                    data__userdefaults_property_names = True
                    for data__userdefaults_key in data__userdefaults:
                        try:
                            validate___definitions_typename(data__userdefaults_key)
                        except Invalid:
                            data__userdefaults_property_names = False
                    if not data__userdefaults_property_names:
                        raise Invalid
        if "users" in data_keys:
            data_keys.remove("users")
            data__users = data["users"]
            if not isinstance(data__users, (dict)):
                raise Invalid
            data__users_is_dict = isinstance(data__users, dict)
            if data__users_is_dict:
                data__users_keys = set(data__users.keys())
                for data__users_key in data__users_keys:
                    if data__users_key not in []:
                        data__users_value = data__users.get(data__users_key)
                        validate___definitions_user(data__users_value)
                data__users_len = len(data__users)
                if data__users_len != 0:
                    data__users_property_names = True
                    for data__users_key in data__users:
                        try:
                            validate___definitions_username(data__users_key)
                        except Invalid:
                            data__users_property_names = False
                    if not data__users_property_names:
                        raise Invalid
        if "roles" in data_keys:
            data_keys.remove("roles")
            data__roles = data["roles"]
            if not isinstance(data__roles, (dict)):
                raise Invalid
            data__roles_is_dict = isinstance(data__roles, dict)
            if data__roles_is_dict:
                data__roles_keys = set(data__roles.keys())
                for data__roles_key in data__roles_keys:
                    if data__roles_key not in []:
                        data__roles_value = data__roles.get(data__roles_key)
                        validate___definitions_role(data__roles_value)
                data__roles_len = len(data__roles)
                if data__roles_len != 0:
                    data__roles_property_names = True
                    for data__roles_key in data__roles:
                        try:
                            validate___definitions_rolename(data__roles_key)
                        except Invalid:
                            data__roles_property_names = False
                    if not data__roles_property_names:
                        raise Invalid
        if "closed" in data_keys:
            data_keys.remove("closed")
            data__closed = data["closed"]
            if not isinstance(data__closed, (dict)):
                raise Invalid
            data__closed_is_dict = isinstance(data__closed, dict)
            if data__closed_is_dict:
                data__closed_keys = set(data__closed.keys())
                if "users" in data__closed_keys:
                    data__closed_keys.remove("users")
                    data__closed__users = data__closed["users"]
                    validate___definitions_flag(data__closed__users)
                if "groups" in data__closed_keys:
                    data__closed_keys.remove("groups")
                    data__closed__groups = data__closed["groups"]
                    validate___definitions_flag(data__closed__groups)
                if "roles" in data__closed_keys:
                    data__closed_keys.remove("roles")
                    data__closed__roles = data__closed["roles"]
                    validate___definitions_flag(data__closed__roles)
                if data__closed_keys:
                    raise Invalid
        if "root" in data_keys:
            data_keys.remove("root")
            data__root = data["root"]
            if not isinstance(data__root, (dict)):
                raise Invalid
            data__root_is_dict = isinstance(data__root, dict)
            if data__root_is_dict:
                data__root_keys = set(data__root.keys())
                if "access_keys" in data__root_keys:
                    data__root_keys.remove("access_keys")
                    data__root__accesskeys = data__root["access_keys"]
                    if not isinstance(data__root__accesskeys, (str)):
                        raise Invalid
                    if not (isinstance(data__root__accesskeys, str) and data__root__accesskeys == 'forbidden' or isinstance(data__root__accesskeys, str) and data__root__accesskeys == 'allowed'):
                        raise Invalid
                if "mfa" in data__root_keys:
                    data__root_keys.remove("mfa")
                    data__root__mfa = data__root["mfa"]
                    if not isinstance(data__root__mfa, (str)):
                        raise Invalid
                    if not (isinstance(data__root__mfa, str) and data__root__mfa == 'required' or isinstance(data__root__mfa, str) and data__root__mfa == 'any'):
                        raise Invalid
                if "unused_days" in data__root_keys:
                    data__root_keys.remove("unused_days")
                    data__root__unuseddays = data__root["unused_days"]
                    validate___definitions_days(data__root__unuseddays)
                if data__root_keys:
                    raise Invalid
        if "strict" in data_keys:
            data_keys.remove("strict")
            data__strict = data["strict"]
            if not isinstance(data__strict, (bool)):
                raise Invalid
        if "ignore" in data_keys:
            data_keys.remove("ignore")
            data__ignore = data["ignore"]
            if not isinstance(data__ignore, (list, tuple)):
                raise Invalid
            data__ignore_is_list = isinstance(data__ignore, (list, tuple))
            if data__ignore_is_list:
                data__ignore_len = len(data__ignore)
                for data__ignore_x, data__ignore_item in enumerate(data__ignore):
                    validate___definitions_ignored(data__ignore_item)
        if "targets" in data_keys:
            data_keys.remove("targets")
            data__targets = data["targets"]
            if not isinstance(data__targets, (dict)):
                raise Invalid
            data__targets_is_dict = isinstance(data__targets, dict)
            if data__targets_is_dict:
                data__targets_keys = set(data__targets.keys())
                for data__targets_key in data__targets_keys:
                    if data__targets_key not in []:
                        data__targets_value = data__targets.get(data__targets_key)
                        validate___definitions_target(data__targets_value)
                data__targets_len = len(data__targets)
                if data__targets_len != 0:
                    data__targets_property_names = True
                    for data__targets_key in data__targets:
                        try:
                            validate___definitions_targetname(data__targets_key)
                        except Invalid:
                            data__targets_property_names = False
                    if not data__targets_property_names:
                        raise Invalid
        if "waivers" in data_keys:
            data_keys.remove("waivers")
            data__waivers = data["waivers"]
            if not isinstance(data__waivers, (list, tuple)):
                raise Invalid
            data__waivers_is_list = isinstance(data__waivers, (list, tuple))
            if data__waivers_is_list:
                data__waivers_len = len(data__waivers)
                for data__waivers_x, data__waivers_item in enumerate(data__waivers):
                    validate___definitions_waiver(data__waivers_item)
        if data_keys:
            raise Invalid
    return data

def validate___definitions_waiver(data: Any) -> Any:
    if not isinstance(data, (dict)):
        raise Invalid
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data__missing_keys = set(['rule', 'reason', 'owner', 'expires']) - data.keys()
        if data__missing_keys:
            raise Invalid
        data_keys = set(data.keys())
        if "rule" in data_keys:
            data_keys.remove("rule")
            data__rule = data["rule"]
            if not isinstance(data__rule, (str)):
                raise Invalid
            if not (isinstance(data__rule, str) and data__rule == 'access-key-extra' or isinstance(data__rule, str) and data__rule == 'access-key-missing' or isinstance(data__rule, str) and data__rule == 'access-key-old' or isinstance(data__rule, str) and data__rule == 'access-key-unused' or isinstance(data__rule, str) and data__rule == 'action-not-effective' or isinstance(data__rule, str) and data__rule == 'action-resource-mismatch' or isinstance(data__rule, str) and data__rule == 'action-unknown' or isinstance(data__rule, str) and data__rule == 'boundary-changed' or isinstance(data__rule, str) and data__rule == 'caller-is-root' or isinstance(data__rule, str) and data__rule == 'console-mfa-missing' or isinstance(data__rule, str) and data__rule == 'console-unexpected' or isinstance(data__rule, str) and data__rule == 'group-missing' or isinstance(data__rule, str) and data__rule == 'group-unexpected' or isinstance(data__rule, str) and data__rule == 'inline-changed' or isinstance(data__rule, str) and data__rule == 'inline-missing' or isinstance(data__rule, str) and data__rule == 'inline-unexpected' or isinstance(data__rule, str) and data__rule == 'membership-missing' or isinstance(data__rule, str) and data__rule == 'membership-unexpected' or isinstance(data__rule, str) and data__rule == 'not-checked' or isinstance(data__rule, str) and data__rule == 'optional-set-incomplete' or isinstance(data__rule, str) and data__rule == 'path-changed' or isinstance(data__rule, str) and data__rule == 'policy-document-changed' or isinstance(data__rule, str) and data__rule == 'policy-document-missing' or isinstance(data__rule, str) and data__rule == 'policy-missing' or isinstance(data__rule, str) and data__rule == 'policy-name-taken' or isinstance(data__rule, str) and data__rule == 'policy-not-found' or isinstance(data__rule, str) and data__rule == 'policy-unexpected' or isinstance(data__rule, str) and data__rule == 'policy-version-moved' or isinstance(data__rule, str) and data__rule == 'protected-used' or isinstance(data__rule, str) and data__rule == 'quota-exceeded' or isinstance(data__rule, str) and data__rule == 'role-missing' or isinstance(data__rule, str) and data__rule == 'role-unexpected' or isinstance(data__rule, str) and data__rule == 'root-access-key' or isinstance(data__rule, str) and data__rule == 'root-key-used' or isinstance(data__rule, str) and data__rule == 'root-mfa-missing' or isinstance(data__rule, str) and data__rule == 'root-signing-certificate' or isinstance(data__rule, str) and data__rule == 'root-used' or isinstance(data__rule, str) and data__rule == 'service-credential-unexpected' or isinstance(data__rule, str) and data__rule == 'signing-certificate-unexpected' or isinstance(data__rule, str) and data__rule == 'stack-not-buildable' or isinstance(data__rule, str) and data__rule == 'stack-type-unknown' or isinstance(data__rule, str) and data__rule == 'trust-changed' or isinstance(data__rule, str) and data__rule == 'user-missing' or isinstance(data__rule, str) and data__rule == 'user-unexpected' or isinstance(data__rule, str) and data__rule == 'waiver-expired' or isinstance(data__rule, str) and data__rule == 'waiver-unused'):
                raise Invalid
        if "subject" in data_keys:
            data_keys.remove("subject")
            data__subject = data["subject"]
            if not isinstance(data__subject, (str)):
                raise Invalid
            if isinstance(data__subject, str):
                if not compiled('^(root|\\*[!-~]{0,512}|((user|group|role|policy)/|arn:)[!-~]{1,512})$').search(data__subject):
                    raise Invalid
        if "policy" in data_keys:
            data_keys.remove("policy")
            data__policy = data["policy"]
            if not isinstance(data__policy, (str)):
                raise Invalid
            if isinstance(data__policy, str):
                if not compiled('^[!-~]{1,512}$').search(data__policy):
                    raise Invalid
        if "reason" in data_keys:
            data_keys.remove("reason")
            data__reason = data["reason"]
            if not isinstance(data__reason, (str)):
                raise Invalid
            if isinstance(data__reason, str):
                if not compiled('[^ ]').search(data__reason):
                    raise Invalid
        if "owner" in data_keys:
            data_keys.remove("owner")
            data__owner = data["owner"]
            if not isinstance(data__owner, (str)):
                raise Invalid
            if isinstance(data__owner, str):
                if not compiled('[^ ]').search(data__owner):
                    raise Invalid
        if "expires" in data_keys:
            data_keys.remove("expires")
            data__expires = data["expires"]
            if not isinstance(data__expires, (str)):
                raise Invalid
            if isinstance(data__expires, str):
                if not compiled('^[0-9]{4}-[0-9]{2}-[0-9]{2}$').search(data__expires):
                    raise Invalid
        if "targets" in data_keys:
            data_keys.remove("targets")
            data__targets = data["targets"]
            validate___definitions_targetnames(data__targets)
        if data_keys:
            raise Invalid
    return data

def validate___definitions_targetnames(data: Any) -> Any:
    if not isinstance(data, (list, tuple)):
        raise Invalid
    data_is_list = isinstance(data, (list, tuple))
    if data_is_list:
        data_len = len(data)
        if data_len < 1:
            raise Invalid
        for data_x, data_item in enumerate(data):
            validate___definitions_targetname(data_item)
    return data

def validate___definitions_targetname(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    if isinstance(data, str):
        if not compiled('^[A-Za-z0-9_+=,.@-]{1,128}$').search(data):
            raise Invalid
    return data

def validate___definitions_target(data: Any) -> Any:
    if not isinstance(data, (dict)):
        raise Invalid
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data__missing_keys = set(['role']) - data.keys()
        if data__missing_keys:
            raise Invalid
        data_keys = set(data.keys())
        if "accounts" in data_keys:
            data_keys.remove("accounts")
            data__accounts = data["accounts"]
            validate___definitions_accountids(data__accounts)
        if "ou" in data_keys:
            data_keys.remove("ou")
            data__ou = data["ou"]
            data__ou_any_of_count2 = 0
            if not data__ou_any_of_count2:
                try:
                    validate___definitions_unitid(data__ou)
                    data__ou_any_of_count2 += 1
                except Invalid: pass
            if not data__ou_any_of_count2:
                try:
                    if not isinstance(data__ou, (list, tuple)):
                        raise Invalid
                    data__ou_is_list = isinstance(data__ou, (list, tuple))
                    if data__ou_is_list:
                        data__ou_len = len(data__ou)
                        if data__ou_len < 1:
                            raise Invalid
                        for data__ou_x, data__ou_item in enumerate(data__ou):
                            validate___definitions_unitid(data__ou_item)
                    data__ou_any_of_count2 += 1
                except Invalid: pass
            if not data__ou_any_of_count2:
                raise Invalid
        if "tag" in data_keys:
            data_keys.remove("tag")
            data__tag = data["tag"]
            if not isinstance(data__tag, (dict)):
                raise Invalid
            data__tag_is_dict = isinstance(data__tag, dict)
            if data__tag_is_dict:
                data__tag_len = len(data__tag)
                if data__tag_len < 1:
                    raise Invalid
                data__tag_keys = set(data__tag.keys())
                for data__tag_key in data__tag_keys:
                    if data__tag_key not in []:
                        data__tag_value = data__tag.get(data__tag_key)
                        validate___definitions_text(data__tag_value)
        if "exclude" in data_keys:
            data_keys.remove("exclude")
            data__exclude = data["exclude"]
            validate___definitions_accountids(data__exclude)
        if "role" in data_keys:
            data_keys.remove("role")
            data__role = data["role"]
            if not isinstance(data__role, (str)):
                raise Invalid
            if isinstance(data__role, str):
                if not compiled('^([!-)+-.0-~]+/)*[A-Za-z0-9_+=,.@-]{1,64}$').search(data__role):
                    raise Invalid
        if "external_id" in data_keys:
            data_keys.remove("external_id")
            data__externalid = data["external_id"]
            if not isinstance(data__externalid, (str)):
                raise Invalid
            if isinstance(data__externalid, str):
                if not compiled('^[A-Za-z0-9_+=,.@:/-]{2,1224}$').search(data__externalid):
                    raise Invalid
        if data_keys:
            raise Invalid
    return data

def validate___definitions_text(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    return data

def validate___definitions_unitid(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    if isinstance(data, str):
        if not compiled('^(ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32})$').search(data):
            raise Invalid
    return data

def validate___definitions_accountids(data: Any) -> Any:
    if not isinstance(data, (list, tuple)):
        raise Invalid
    data_is_list = isinstance(data, (list, tuple))
    if data_is_list:
        data_len = len(data)
        if data_len < 1:
            raise Invalid
        for data_x, data_item in enumerate(data):
            validate___definitions_accountid(data_item)
    return data

def validate___definitions_ignored(data: Any) -> Any:
    if not isinstance(data, (dict)):
        raise Invalid
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_len = len(data)
        if data_len < 2:
            raise Invalid
        if data_len > 2:
            raise Invalid
        data__missing_keys = set(['reason']) - data.keys()
        if data__missing_keys:
            raise Invalid
        data_keys = set(data.keys())
        if "user" in data_keys:
            data_keys.remove("user")
            data__user = data["user"]
            validate___definitions_namepattern(data__user)
        if "group" in data_keys:
            data_keys.remove("group")
            data__group = data["group"]
            validate___definitions_namepattern(data__group)
        if "role" in data_keys:
            data_keys.remove("role")
            data__role = data["role"]
            validate___definitions_namepattern(data__role)
        if "reason" in data_keys:
            data_keys.remove("reason")
            data__reason = data["reason"]
            if not isinstance(data__reason, (str)):
                raise Invalid
            if isinstance(data__reason, str):
                if not compiled('[^ ]').search(data__reason):
                    raise Invalid
        if data_keys:
            raise Invalid
    return data

def validate___definitions_namepattern(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    if isinstance(data, str):
        if not compiled('^[A-Za-z0-9_+=,.@*-]{1,128}$').search(data):
            raise Invalid
    return data

def validate___definitions_days(data: Any) -> Any:
    if not isinstance(data, (int)) and not (isinstance(data, float) and data.is_integer()) or isinstance(data, bool):
        raise Invalid
    if isinstance(data, (int, float)) and not isinstance(data, bool):
        if data < 1:
            raise Invalid
        if data > 36500:
            raise Invalid
    return data

def validate___definitions_flag(data: Any) -> Any:
    if not isinstance(data, (bool)):
        raise Invalid
    return data

def validate___definitions_rolename(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    if isinstance(data, str):
        if not compiled('^[A-Za-z0-9_+=,.@-]{1,64}$').search(data):
            raise Invalid
    return data

def validate___definitions_role(data: Any) -> Any:
    if not isinstance(data, (dict)):
        raise Invalid
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "path" in data_keys:
            data_keys.remove("path")
            data__path = data["path"]
            validate___definitions_path(data__path)
        if "required" in data_keys:
            data_keys.remove("required")
            data__required = data["required"]
            validate___definitions_setnames(data__required)
        if "optional" in data_keys:
            data_keys.remove("optional")
            data__optional = data["optional"]
            validate___definitions_setnames(data__optional)
        if "inline" in data_keys:
            data_keys.remove("inline")
            data__inline = data["inline"]
            validate___definitions_inline(data__inline)
        if "boundary" in data_keys:
            data_keys.remove("boundary")
            data__boundary = data["boundary"]
            validate___definitions_policy(data__boundary)
        if "trust" in data_keys:
            data_keys.remove("trust")
            data__trust = data["trust"]
            validate___definitions_document(data__trust)
        if "exclusive" in data_keys:
            data_keys.remove("exclusive")
            data__exclusive = data["exclusive"]
            validate___definitions_exclusive(data__exclusive)
        if "owner" in data_keys:
            data_keys.remove("owner")
            data__owner = data["owner"]
            validate___definitions_owner(data__owner)
        if "managed_by" in data_keys:
            data_keys.remove("managed_by")
            data__managedby = data["managed_by"]
            validate___definitions_managedby(data__managedby)
        if "targets" in data_keys:
            data_keys.remove("targets")
            data__targets = data["targets"]
            validate___definitions_targetnames(data__targets)
        if data_keys:
            raise Invalid
    return data

def validate___definitions_managedby(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    if isinstance(data, str):
        data_len = len(data)
        if data_len < 1:
            raise Invalid
    return data

def validate___definitions_owner(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    return data

def validate___definitions_exclusive(data: Any) -> Any:
    if not isinstance(data, (bool)):
        raise Invalid
    return data

def validate___definitions_document(data: Any) -> Any:
    if not isinstance(data, (dict)):
        raise Invalid
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data__missing_keys = set(['Statement']) - data.keys()
        if data__missing_keys:
            raise Invalid
        data_keys = set(data.keys())
        if "Version" in data_keys:
            data_keys.remove("Version")
            data__Version = data["Version"]
            if not isinstance(data__Version, (str)):
                raise Invalid
            if not (isinstance(data__Version, str) and data__Version == '2012-10-17' or isinstance(data__Version, str) and data__Version == '2008-10-17'):
                raise Invalid
        if "Id" in data_keys:
            data_keys.remove("Id")
            data__Id = data["Id"]
            validate___definitions_text(data__Id)
        if "Statement" in data_keys:
            data_keys.remove("Statement")
            data__Statement = data["Statement"]
            data__Statement_any_of_count3 = 0
            if not data__Statement_any_of_count3:
                try:
                    validate___definitions_statement(data__Statement)
                    data__Statement_any_of_count3 += 1
                except Invalid: pass
            if not data__Statement_any_of_count3:
                try:
                    if not isinstance(data__Statement, (list, tuple)):
                        raise Invalid
                    data__Statement_is_list = isinstance(data__Statement, (list, tuple))
                    if data__Statement_is_list:
                        data__Statement_len = len(data__Statement)
                        if data__Statement_len < 1:
                            raise Invalid
                        for data__Statement_x, data__Statement_item in enumerate(data__Statement):
                            validate___definitions_statement(data__Statement_item)
                    data__Statement_any_of_count3 += 1
                except Invalid: pass
            if not data__Statement_any_of_count3:
                raise Invalid
        if data_keys:
            raise Invalid
    return data

def validate___definitions_statement(data: Any) -> Any:
    if not isinstance(data, (dict)):
        raise Invalid
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data__missing_keys = set(['Effect']) - data.keys()
        if data__missing_keys:
            raise Invalid
        data_keys = set(data.keys())
        if "Sid" in data_keys:
            data_keys.remove("Sid")
            data__Sid = data["Sid"]
            validate___definitions_text(data__Sid)
        if "Effect" in data_keys:
            data_keys.remove("Effect")
            data__Effect = data["Effect"]
            if not isinstance(data__Effect, (str)):
                raise Invalid
            if not (isinstance(data__Effect, str) and data__Effect == 'Allow' or isinstance(data__Effect, str) and data__Effect == 'Deny'):
                raise Invalid
        if "Action" in data_keys:
            data_keys.remove("Action")
            data__Action = data["Action"]
            validate___definitions_texts(data__Action)
        if "NotAction" in data_keys:
            data_keys.remove("NotAction")
            data__NotAction = data["NotAction"]
            validate___definitions_texts(data__NotAction)
        if "Resource" in data_keys:
            data_keys.remove("Resource")
            data__Resource = data["Resource"]
            validate___definitions_texts(data__Resource)
        if "NotResource" in data_keys:
            data_keys.remove("NotResource")
            data__NotResource = data["NotResource"]
            validate___definitions_texts(data__NotResource)
        if "Principal" in data_keys:
            data_keys.remove("Principal")
            data__Principal = data["Principal"]
            validate___definitions_principals(data__Principal)
        if "NotPrincipal" in data_keys:
            data_keys.remove("NotPrincipal")
            data__NotPrincipal = data["NotPrincipal"]
            validate___definitions_principals(data__NotPrincipal)
        if "Condition" in data_keys:
            data_keys.remove("Condition")
            data__Condition = data["Condition"]
            if not isinstance(data__Condition, (dict)):
                raise Invalid
            data__Condition_is_dict = isinstance(data__Condition, dict)
            if data__Condition_is_dict:
                data__Condition_keys = set(data__Condition.keys())
                for data__Condition_key in data__Condition_keys:
                    if data__Condition_key not in []:
                        data__Condition_value = data__Condition.get(data__Condition_key)
                        if not isinstance(data__Condition_value, (dict)):
                            raise Invalid
                        data__Condition_value_is_dict = isinstance(data__Condition_value, dict)
                        if data__Condition_value_is_dict:
                            data__Condition_value_keys = set(data__Condition_value.keys())
                            for data__Condition_value_key in data__Condition_value_keys:
                                if data__Condition_value_key not in []:
                                    data__Condition_value_value = data__Condition_value.get(data__Condition_value_key)
                                    validate___definitions_texts(data__Condition_value_value)
        if data_keys:
            raise Invalid
    return data

def validate___definitions_principals(data: Any) -> Any:
    data_any_of_count4 = 0
    if not data_any_of_count4:
        try:
            validate___definitions_text(data)
            data_any_of_count4 += 1
        except Invalid: pass
    if not data_any_of_count4:
        try:
            if not isinstance(data, (dict)):
                raise Invalid
            data_is_dict = isinstance(data, dict)
            if data_is_dict:
                data_keys = set(data.keys())
                for data_key in data_keys:
                    if data_key not in []:
                        data_value = data.get(data_key)
                        validate___definitions_texts(data_value)
            data_any_of_count4 += 1
        except Invalid: pass
    if not data_any_of_count4:
        raise Invalid
    return data

def validate___definitions_texts(data: Any) -> Any:
    data_any_of_count5 = 0
    if not data_any_of_count5:
        try:
            validate___definitions_text(data)
            data_any_of_count5 += 1
        except Invalid: pass
    if not data_any_of_count5:
        try:
            if not isinstance(data, (list, tuple)):
                raise Invalid
            data_is_list = isinstance(data, (list, tuple))
            if data_is_list:
                data_len = len(data)
                for data_x, data_item in enumerate(data):
                    validate___definitions_text(data_item)
            data_any_of_count5 += 1
        except Invalid: pass
    if not data_any_of_count5:
        raise Invalid
    return data

def validate___definitions_policy(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    if isinstance(data, str):
        data_len = len(data)
        if data_len > 2048:
            raise Invalid
        if not compiled('^(?!(.*[/:])?\\.\\.?/)(([A-Za-z0-9_+=,.@-]+/)*|customer:([!-)+-.0->@-~]+/)*|arn:(\\$\\{partition\\}|aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b|aws-iso-e|aws-iso-f|aws-eusc):iam::(aws|\\$\\{account\\}|[0-9]{12}):policy/([!-)+-.0->@-~]+/)*)[A-Za-z0-9_+=,.@-]{1,128}$').search(data):
            raise Invalid
    return data

def validate___definitions_inline(data: Any) -> Any:
    if not isinstance(data, (dict)):
        raise Invalid
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        for data_key in data_keys:
            if data_key not in []:
                data_value = data.get(data_key)
                validate___definitions_document(data_value)
        data_len = len(data)
        if data_len != 0:
            data_property_names = True
            for data_key in data:
                try:
                    validate___definitions_policyname(data_key)
                except Invalid:
                    data_property_names = False
            if not data_property_names:
                raise Invalid
    return data

def validate___definitions_policyname(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    if isinstance(data, str):
        if not compiled('^[A-Za-z0-9_+=,.@-]{1,128}$').search(data):
            raise Invalid
    return data

def validate___definitions_setnames(data: Any) -> Any:
    if not isinstance(data, (list, tuple)):
        raise Invalid
    data_is_list = isinstance(data, (list, tuple))
    if data_is_list:
        data_len = len(data)
        for data_x, data_item in enumerate(data):
            validate___definitions_setname(data_item)
    return data

def validate___definitions_path(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    if isinstance(data, str):
        if not compiled('^(?!.*/\\.\\.?/)/([!-~]{1,510}/)?$').search(data):
            raise Invalid
    return data

def validate___definitions_username(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    if isinstance(data, str):
        if not compiled('^[A-Za-z0-9_+=,.@-]{1,64}$').search(data):
            raise Invalid
    return data

def validate___definitions_user(data: Any) -> Any:
    if not isinstance(data, (dict)):
        raise Invalid
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "type" in data_keys:
            data_keys.remove("type")
            data__type = data["type"]
            validate___definitions_typename(data__type)
        if "path" in data_keys:
            data_keys.remove("path")
            data__path = data["path"]
            validate___definitions_path(data__path)
        if "groups" in data_keys:
            data_keys.remove("groups")
            data__groups = data["groups"]
            if not isinstance(data__groups, (list, tuple)):
                raise Invalid
            data__groups_is_list = isinstance(data__groups, (list, tuple))
            if data__groups_is_list:
                data__groups_len = len(data__groups)
                for data__groups_x, data__groups_item in enumerate(data__groups):
                    validate___definitions_groupname(data__groups_item)
        if "required" in data_keys:
            data_keys.remove("required")
            data__required = data["required"]
            validate___definitions_setnames(data__required)
        if "optional" in data_keys:
            data_keys.remove("optional")
            data__optional = data["optional"]
            validate___definitions_setnames(data__optional)
        if "inline" in data_keys:
            data_keys.remove("inline")
            data__inline = data["inline"]
            validate___definitions_inline(data__inline)
        if "boundary" in data_keys:
            data_keys.remove("boundary")
            data__boundary = data["boundary"]
            validate___definitions_policy(data__boundary)
        if "access_keys" in data_keys:
            data_keys.remove("access_keys")
            data__accesskeys = data["access_keys"]
            validate___definitions_accesskeys(data__accesskeys)
        if "console" in data_keys:
            data_keys.remove("console")
            data__console = data["console"]
            validate___definitions_console(data__console)
        if "exclusive" in data_keys:
            data_keys.remove("exclusive")
            data__exclusive = data["exclusive"]
            validate___definitions_exclusive(data__exclusive)
        if "owner" in data_keys:
            data_keys.remove("owner")
            data__owner = data["owner"]
            validate___definitions_owner(data__owner)
        if "tags" in data_keys:
            data_keys.remove("tags")
            data__tags = data["tags"]
            if not isinstance(data__tags, (dict)):
                raise Invalid
            data__tags_is_dict = isinstance(data__tags, dict)
            if data__tags_is_dict:
                data__tags_len = len(data__tags)
                if data__tags_len > 50:
                    raise Invalid
                data__tags_keys = set(data__tags.keys())
                for data__tags_key in data__tags_keys:
                    if data__tags_key not in []:
                        data__tags_value = data__tags.get(data__tags_key)
                        validate___definitions_tagvalue(data__tags_value)
                if data__tags_len != 0:
                    data__tags_property_names = True
                    for data__tags_key in data__tags:
                        try:
                            validate___definitions_tagkey(data__tags_key)
                        except Invalid:
                            data__tags_property_names = False
                    if not data__tags_property_names:
                        raise Invalid
        if "managed_by" in data_keys:
            data_keys.remove("managed_by")
            data__managedby = data["managed_by"]
            validate___definitions_managedby(data__managedby)
        if "targets" in data_keys:
            data_keys.remove("targets")
            data__targets = data["targets"]
            validate___definitions_targetnames(data__targets)
        if data_keys:
            raise Invalid
    return data

def validate___definitions_tagkey(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    if isinstance(data, str):
        if not compiled('^(?![Aa][Ww][Ss]:)[^!"#\\$%&\'()*,;<>?\\[\\\\\\]^`{|}~]{1,128}$').search(data):
            raise Invalid
    return data

def validate___definitions_tagvalue(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    if isinstance(data, str):
        if not compiled('^[^!"#\\$%&\'()*,;<>?\\[\\\\\\]^`{|}~]{0,256}$').search(data):
            raise Invalid
    return data

def validate___definitions_console(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    if not (isinstance(data, str) and data == 'forbidden' or isinstance(data, str) and data == 'mfa' or isinstance(data, str) and data == 'any'):
        raise Invalid
    return data

def validate___definitions_accesskeys(data: Any) -> Any:
    data_any_of_count6 = 0
    if not data_any_of_count6:
        try:
            if not isinstance(data, (str)):
                raise Invalid
            if not (isinstance(data, str) and data == 'forbidden'):
                raise Invalid
            data_any_of_count6 += 1
        except Invalid: pass
    if not data_any_of_count6:
        try:
            validate___definitions_keylimits(data)
            data_any_of_count6 += 1
        except Invalid: pass
    if not data_any_of_count6:
        raise Invalid
    return data

def validate___definitions_keylimits(data: Any) -> Any:
    if not isinstance(data, (dict)):
        raise Invalid
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "min_active" in data_keys:
            data_keys.remove("min_active")
            data__minactive = data["min_active"]
            validate___definitions_count(data__minactive)
        if "max_active" in data_keys:
            data_keys.remove("max_active")
            data__maxactive = data["max_active"]
            validate___definitions_count(data__maxactive)
        if "max_age_days" in data_keys:
            data_keys.remove("max_age_days")
            data__maxagedays = data["max_age_days"]
            validate___definitions_days(data__maxagedays)
        if "unused_days" in data_keys:
            data_keys.remove("unused_days")
            data__unuseddays = data["unused_days"]
            validate___definitions_days(data__unuseddays)
        if data_keys:
            raise Invalid
    return data

def validate___definitions_count(data: Any) -> Any:
    if not isinstance(data, (int)) and not (isinstance(data, float) and data.is_integer()) or isinstance(data, bool):
        raise Invalid
    if isinstance(data, (int, float)) and not isinstance(data, bool):
        if data < 0:
            raise Invalid
        if data > 100:
            raise Invalid
    return data

def validate___definitions_typename(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    if isinstance(data, str):
        if not compiled('^[A-Za-z0-9_+=,.@-]{1,128}$').search(data):
            raise Invalid
    return data

def validate___definitions_userdefault(data: Any) -> Any:
    if not isinstance(data, (dict)):
        raise Invalid
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "console" in data_keys:
            data_keys.remove("console")
            data__console = data["console"]
            validate___definitions_console(data__console)
        if "access_keys" in data_keys:
            data_keys.remove("access_keys")
            data__accesskeys = data["access_keys"]
            validate___definitions_accesskeys(data__accesskeys)
        if data_keys:
            raise Invalid
    return data

def validate___definitions_groupname(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    if isinstance(data, str):
        if not compiled('^[A-Za-z0-9_+=,.@-]{1,128}$').search(data):
            raise Invalid
    return data

def validate___definitions_group(data: Any) -> Any:
    if not isinstance(data, (dict)):
        raise Invalid
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "path" in data_keys:
            data_keys.remove("path")
            data__path = data["path"]
            validate___definitions_path(data__path)
        if "required" in data_keys:
            data_keys.remove("required")
            data__required = data["required"]
            validate___definitions_setnames(data__required)
        if "optional" in data_keys:
            data_keys.remove("optional")
            data__optional = data["optional"]
            validate___definitions_setnames(data__optional)
        if "members" in data_keys:
            data_keys.remove("members")
            data__members = data["members"]
            if not isinstance(data__members, (list, tuple)):
                raise Invalid
            data__members_is_list = isinstance(data__members, (list, tuple))
            if data__members_is_list:
                data__members_len = len(data__members)
                for data__members_x, data__members_item in enumerate(data__members):
                    validate___definitions_username(data__members_item)
        if "inline" in data_keys:
            data_keys.remove("inline")
            data__inline = data["inline"]
            validate___definitions_inline(data__inline)
        if "exclusive" in data_keys:
            data_keys.remove("exclusive")
            data__exclusive = data["exclusive"]
            validate___definitions_exclusive(data__exclusive)
        if "owner" in data_keys:
            data_keys.remove("owner")
            data__owner = data["owner"]
            validate___definitions_owner(data__owner)
        if "managed_by" in data_keys:
            data_keys.remove("managed_by")
            data__managedby = data["managed_by"]
            validate___definitions_managedby(data__managedby)
        if "targets" in data_keys:
            data_keys.remove("targets")
            data__targets = data["targets"]
            validate___definitions_targetnames(data__targets)
        if data_keys:
            raise Invalid
    return data

def validate___definitions_setname(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    if isinstance(data, str):
        if not compiled('^[A-Za-z0-9_+=,.@-]{1,128}$').search(data):
            raise Invalid
    return data

def validate___definitions_policyset(data: Any) -> Any:
    if not isinstance(data, (dict)):
        raise Invalid
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "description" in data_keys:
            data_keys.remove("description")
            data__description = data["description"]
            if not isinstance(data__description, (str)):
                raise Invalid
        if "policies" in data_keys:
            data_keys.remove("policies")
            data__policies = data["policies"]
            if not isinstance(data__policies, (list, tuple)):
                raise Invalid
            data__policies_is_list = isinstance(data__policies, (list, tuple))
            if data__policies_is_list:
                data__policies_len = len(data__policies)
                for data__policies_x, data__policies_item in enumerate(data__policies):
                    data__policies_item_any_of_count7 = 0
                    if not data__policies_item_any_of_count7:
                        try:
                            validate___definitions_policy(data__policies_item)
                            data__policies_item_any_of_count7 += 1
                        except Invalid: pass
                    if not data__policies_item_any_of_count7:
                        try:
                            validate___definitions_writtenpolicy(data__policies_item)
                            data__policies_item_any_of_count7 += 1
                        except Invalid: pass
                    if not data__policies_item_any_of_count7:
                        raise Invalid
        if "actions" in data_keys:
            data_keys.remove("actions")
            data__actions = data["actions"]
            if not isinstance(data__actions, (list, tuple)):
                raise Invalid
            data__actions_is_list = isinstance(data__actions, (list, tuple))
            if data__actions_is_list:
                data__actions_len = len(data__actions)
                for data__actions_x, data__actions_item in enumerate(data__actions):
                    data__actions_item_any_of_count8 = 0
                    if not data__actions_item_any_of_count8:
                        try:
                            validate___definitions_action(data__actions_item)
                            data__actions_item_any_of_count8 += 1
                        except Invalid: pass
                    if not data__actions_item_any_of_count8:
                        try:
                            validate___definitions_actionon(data__actions_item)
                            data__actions_item_any_of_count8 += 1
                        except Invalid: pass
                    if not data__actions_item_any_of_count8:
                        raise Invalid
        if data_keys:
            raise Invalid
    return data

def validate___definitions_actionon(data: Any) -> Any:
    if not isinstance(data, (dict)):
        raise Invalid
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data__missing_keys = set(['action']) - data.keys()
        if data__missing_keys:
            raise Invalid
        data_keys = set(data.keys())
        if "action" in data_keys:
            data_keys.remove("action")
            data__action = data["action"]
            validate___definitions_action(data__action)
        if "resource" in data_keys:
            data_keys.remove("resource")
            data__resource = data["resource"]
            if not isinstance(data__resource, (str)):
                raise Invalid
            if isinstance(data__resource, str):
                if not compiled('^(\\*|arn:[!-~]{1,2044})$').search(data__resource):
                    raise Invalid
        if "context" in data_keys:
            data_keys.remove("context")
            data__context = data["context"]
            if not isinstance(data__context, (dict)):
                raise Invalid
            data__context_is_dict = isinstance(data__context, dict)
            if data__context_is_dict:
                data__context_keys = set(data__context.keys())
                for data__context_key in data__context_keys:
                    if data__context_key not in []:
                        data__context_value = data__context.get(data__context_key)
                        validate___definitions_texts(data__context_value)
        if data_keys:
            raise Invalid
    return data

def validate___definitions_action(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    if isinstance(data, str):
        if not compiled('^[A-Za-z0-9-]{1,64}:[A-Za-z0-9]{1,128}$').search(data):
            raise Invalid
    return data

def validate___definitions_writtenpolicy(data: Any) -> Any:
    if not isinstance(data, (dict)):
        raise Invalid
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data__missing_keys = set(['name']) - data.keys()
        if data__missing_keys:
            raise Invalid
        data_keys = set(data.keys())
        if "name" in data_keys:
            data_keys.remove("name")
            data__name = data["name"]
            validate___definitions_policy(data__name)
        if "version" in data_keys:
            data_keys.remove("version")
            data__version = data["version"]
            if not isinstance(data__version, (str)):
                raise Invalid
            if isinstance(data__version, str):
                if not compiled('^v[1-9][0-9]{0,8}$').search(data__version):
                    raise Invalid
        if "path" in data_keys:
            data_keys.remove("path")
            data__path = data["path"]
            validate___definitions_path(data__path)
        if "document" in data_keys:
            data_keys.remove("document")
            data__document = data["document"]
            validate___definitions_document(data__document)
        if "file" in data_keys:
            data_keys.remove("file")
            data__file = data["file"]
            if not isinstance(data__file, (str)):
                raise Invalid
            if isinstance(data__file, str):
                data__file_len = len(data__file)
                if data__file_len < 1:
                    raise Invalid
        if data_keys:
            raise Invalid
    return data

def validate___definitions_accountid(data: Any) -> Any:
    if not isinstance(data, (str)):
        raise Invalid
    if isinstance(data, str):
        if not compiled('^[0-9]{12}$').search(data):
            raise Invalid
    return data
