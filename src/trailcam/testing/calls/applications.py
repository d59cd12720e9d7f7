"""What applications and their deployments call: parameters, secrets, images, functions, logs."""

from trailcam.testing.call import Call, Place
from trailcam.testing.chance import Chance
from trailcam.testing.organisation import bucket, instances

_SERVICES = ("orders", "shop", "support", "website")


def get_parameter(place: Place, chance: Chance) -> Call:
    """An application reads its settings."""
    name = f"{chance.pick(_SERVICES)}/feature-{chance.below(30):02}"
    arn = f"arn:aws:ssm:{place.region}:{place.account}:parameter/{name}"
    return Call(
        service="ssm",
        name="GetParameter",
        request={"name": f"/{name}", "withDecryption": True},
        resources=({"accountId": place.account, "ARN": arn},),
    )


def get_secret(place: Place, chance: Chance) -> Call:
    """An application reads a secret of its own."""
    name = f"{chance.pick(_SERVICES)}/database"
    arn = f"arn:aws:secretsmanager:{place.region}:{place.account}:secret:{name}-EXAMPLE"
    return Call(service="secretsmanager", name="GetSecretValue", request={"secretId": arn})


def update_instance_information(place: Place, chance: Chance) -> Call:
    """The agent on a machine reports."""
    machine = chance.pick(instances(place.account, place.region))
    return Call(
        service="ssm",
        name="UpdateInstanceInformation",
        reads=False,
        request={
            "instanceId": machine.id,
            "agentVersion": "3.3.3050",
            "agentStatus": "Active",
            "platformType": "Linux",
            "platformName": "Amazon Linux",
            "platformVersion": "2023",
            "availabilityZone": f"{place.region}a",
            "sSMConnectionChannel": "ssmmessages",
        },
    )


def create_log_stream(place: Place, chance: Chance) -> Call:
    """A function begins to write a log."""
    request = {
        "logGroupName": f"/aws/lambda/{chance.pick(_SERVICES)}-worker",
        "logStreamName": f"{place.region}/[$LATEST]{chance.hex(32)}",
    }
    return Call(service="logs", name="CreateLogStream", reads=False, request=request)


def invoke(place: Place, chance: Chance) -> Call:
    """A function is called: a data event."""
    arn = f"arn:aws:lambda:{place.region}:{place.account}:function:{chance.pick(_SERVICES)}-worker"
    return Call(
        service="lambda",
        name="Invoke",
        reads=False,
        request={"functionName": arn, "invocationType": "Event"},
        resources=({"accountId": place.account, "type": "AWS::Lambda::Function", "ARN": arn},),
        extra={"functionVersion": f"{arn}:$LATEST"},
        data=True,
    )


def pull_image(place: Place, chance: Chance) -> Call:
    """A machine fetches an image of a container."""
    repository = chance.pick(_SERVICES)
    arn = f"arn:aws:ecr:{place.region}:{place.account}:repository/{repository}"
    return Call(
        service="ecr",
        name="BatchGetImage",
        request={
            "registryId": place.account,
            "repositoryName": repository,
            "imageIds": [{"imageTag": f"release-{chance.between(100, 140)}"}],
        },
        resources=({"accountId": place.account, "ARN": arn},),
    )


def update_function(place: Place, chance: Chance) -> Call:
    """A function gets new code."""
    name = f"{chance.pick(_SERVICES)}-worker"
    request = {
        "functionName": name,
        "s3Bucket": bucket("artifacts", place.account, place.region).name,
        "s3Key": f"{name}/{chance.hex(40)}.zip",
        "publish": True,
        "dryRun": False,
    }
    response = {
        "functionName": name,
        "functionArn": f"arn:aws:lambda:{place.region}:{place.account}:function:{name}",
        "runtime": "python3.13",
        "handler": "worker.handle",
        "memorySize": 512,
        "timeout": 60,
        "version": str(chance.between(100, 400)),
        "revisionId": chance.uuid(),
    }
    return Call(
        service="lambda", name="UpdateFunctionCode20150331v2", reads=False, request=request, response=response
    )


def describe_target_health(place: Place, chance: Chance) -> Call:
    """A scaling group asks whether its machines are well."""
    group = f"targetgroup/{chance.pick(_SERVICES)}/EXAMPLE{chance.hex(9)}"
    arn = f"arn:aws:elasticloadbalancing:{place.region}:{place.account}:{group}"
    return Call(service="elasticloadbalancing", name="DescribeTargetHealth", request={"targetGroupArn": arn})
