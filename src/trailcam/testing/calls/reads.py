"""Calls that read and always look the same: people, consoles and auditors make them by the thousand."""

from typing import Any

from trailcam.testing.call import Call

_NEXT: dict[str, Any] = {"maxResults": 100}


def _read(service: str, name: str, request: Any = None) -> Call:
    return Call(service=service, name=name, request=request)


DESCRIBE_INSTANCES = _read(
    "ec2", "DescribeInstances", {"maxResults": 1000, "instancesSet": {}, "filterSet": {}}
)
DESCRIBE_SECURITY_GROUPS = _read(
    "ec2",
    "DescribeSecurityGroups",
    {"maxResults": 1000, "securityGroupSet": {}, "securityGroupIdSet": {}, "filterSet": {}},
)
GET_CALLER_IDENTITY = _read("sts", "GetCallerIdentity")
LIST_USERS = _read("iam", "ListUsers")
LIST_ROLES = _read("iam", "ListRoles")
LIST_ACCESS_KEYS = _read("iam", "ListAccessKeys")
LIST_BUCKETS = Call(
    service="s3",
    name="ListBuckets",
    request={"Host": "s3.amazonaws.com"},
    extra={"SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256"},
    host="s3.amazonaws.com",
)
LIST_SECRETS = _read("secretsmanager", "ListSecrets", _NEXT)
DESCRIBE_TRAILS = _read("cloudtrail", "DescribeTrails", {"trailNameList": [], "includeShadowTrails": True})
LIST_DETECTORS = _read("guardduty", "ListDetectors")

MACHINES = (
    DESCRIBE_INSTANCES,
    DESCRIBE_SECURITY_GROUPS,
    _read("ec2", "DescribeVolumes", {"maxResults": 500, "volumeSet": {}, "filterSet": {}}),
    _read(
        "ec2",
        "DescribeSnapshots",
        {"maxResults": 1000, "snapshotSet": {}, "ownersSet": {"items": [{"owner": "self"}]}},
    ),
    _read("ec2", "DescribeVpcs", {"vpcSet": {}, "filterSet": {}}),
    _read("ec2", "DescribeSubnets", {"subnetSet": {}, "filterSet": {}}),
    _read(
        "ec2", "DescribeInstanceStatus", {"instancesSet": {}, "filterSet": {}, "includeAllInstances": True}
    ),
    _read("ec2", "DescribeAddresses", {"publicIpsSet": {}, "filterSet": {}, "allocationIdsSet": {}}),
    _read("ec2", "DescribeRouteTables", {"routeTableIdSet": {}, "filterSet": {}}),
    _read("autoscaling", "DescribeAutoScalingGroups", {"maxRecords": 100}),
    _read("elasticloadbalancing", "DescribeLoadBalancers", {"pageSize": 400}),
    _read("elasticloadbalancing", "DescribeTargetGroups", {"pageSize": 400}),
)
"""What the console's pages on machines ask for."""

STORES = (
    LIST_BUCKETS,
    _read("rds", "DescribeDBInstances", {"maxRecords": 100}),
    _read("rds", "DescribeDBClusters", {"maxRecords": 100, "includeShared": False}),
    _read("dynamodb", "ListTables", {"limit": 100}),
    _read("kms", "ListAliases", {"limit": 100}),
    _read("kms", "ListKeys", {"limit": 1000}),
    LIST_SECRETS,
    _read("athena", "ListWorkGroups"),
    _read("glue", "GetDatabases"),
)
"""Where data lies."""

IDENTITIES = (
    LIST_USERS,
    LIST_ROLES,
    LIST_ACCESS_KEYS,
    _read("iam", "ListGroups"),
    _read("iam", "ListPolicies", {"onlyAttached": True, "scope": "All"}),
    _read("iam", "GetAccountSummary"),
    _read("iam", "ListMFADevices"),
    _read("iam", "GetAccountPasswordPolicy"),
    _read("iam", "GetCredentialReport"),
    _read("organizations", "ListAccounts"),
    _read("organizations", "DescribeOrganization"),
)
"""Who may do what."""

WATCH = (
    DESCRIBE_TRAILS,
    _read("cloudtrail", "LookupEvents", {"maxResults": 50}),
    LIST_DETECTORS,
    _read("guardduty", "ListFindings", {"detectorId": "EXAMPLE0detector0of0security0000", "maxResults": 50}),
    _read("config", "DescribeConfigRules"),
    _read("config", "DescribeConfigurationRecorders"),
    _read("monitoring", "DescribeAlarms", {"maxRecords": 100}),
    _read("logs", "DescribeLogGroups", {"limit": 50}),
    _read("lambda", "ListFunctions20150331", {"maxItems": 50}),
    _read("cloudformation", "DescribeStacks"),
    _read("health", "DescribeEventAggregates", {"aggregateField": "eventTypeCategory"}),
)
"""What watches over it, and what runs without machines."""
