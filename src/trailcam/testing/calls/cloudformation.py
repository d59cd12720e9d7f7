"""CloudFormation: stacks."""

from trailcam.testing.call import Call, Place
from trailcam.testing.chance import Chance
from trailcam.testing.organisation import bucket

_STACKS = ("orders-api", "shop-website", "support-desk", "reports", "network")


def create_stack(chance: Chance, *, account: str, region: str, name: str, template: str) -> Call:
    """A stack is built from a template, which is given by its address."""
    return Call(
        service="cloudformation",
        name="CreateStack",
        reads=False,
        request={
            "stackName": name,
            "templateURL": template,
            "parameters": [{"parameterKey": "InstanceType"}],
            "capabilities": ["CAPABILITY_NAMED_IAM"],
            "disableRollback": False,
        },
        response={"stackId": _stack_id(chance, account, region, name)},
    )


def create_some_stack(place: Place, chance: Chance) -> Call:
    """A stack for one branch of the work, as pipelines make them."""
    name = f"{chance.pick(_STACKS)}-branch-{chance.between(100, 999)}"
    template = f"https://{bucket('artifacts', place.account, place.region).host}/{name}/template.yml"
    return create_stack(chance, account=place.account, region=place.region, name=name, template=template)


def update_some_stack(place: Place, chance: Chance) -> Call:
    """A stack gets a new version."""
    name = chance.pick(_STACKS)
    return Call(
        service="cloudformation",
        name="UpdateStack",
        reads=False,
        request={"stackName": name, "usePreviousTemplate": True, "capabilities": ["CAPABILITY_NAMED_IAM"]},
        response={"stackId": _stack_id(chance, place.account, place.region, name)},
    )


def describe_stack(_place: Place, chance: Chance) -> Call:
    """Somebody looks how far a stack is."""
    name = "DescribeStackEvents" if chance.random() < 0.4 else "DescribeStacks"
    return Call(service="cloudformation", name=name, request={"stackName": chance.pick(_STACKS)})


def _stack_id(chance: Chance, account: str, region: str, name: str) -> str:
    return f"arn:aws:cloudformation:{region}:{account}:stack/{name}/{chance.uuid()}"
