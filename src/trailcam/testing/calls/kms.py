"""KMS: keys that are used."""

from trailcam.testing.call import Call, Place
from trailcam.testing.chance import Chance
from trailcam.testing.organisation import bucket, key_id


def decrypt(place: Place, chance: Chance) -> Call:
    """Something is decrypted, for an object of S3."""
    return _used("Decrypt", place, {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}, chance)


def generate_data_key(place: Place, chance: Chance) -> Call:
    """A key is made for an object of S3."""
    arn = f"arn:aws:kms:{place.region}:{place.account}:key/{key_id(place.account, place.region)}"
    return _used("GenerateDataKey", place, {"keyId": arn, "keySpec": "AES_256"}, chance)


def rotated(place: Place, chance: Chance) -> Call:
    """KMS gives a key new material, as it does each year: an event without a caller."""
    key = key_id(place.account, place.region)
    return Call(
        service="kms",
        name="RotateKey",
        reads=False,
        resources=_resources(place),
        event_type="AwsServiceEvent",
        details={"keyId": key, "rotationType": "AUTOMATIC", "keyMaterialId": chance.hex(64)},
    )


def _used(name: str, place: Place, request: dict[str, str], chance: Chance) -> Call:
    assets = bucket("assets", place.account, place.region)
    context = {"aws:s3:arn": f"{assets.arn}/static/{chance.hex(6)}"}
    return Call(
        service="kms",
        name=name,
        request={"encryptionContext": context, **request},
        resources=_resources(place),
    )


def _resources(place: Place) -> tuple[dict[str, str], ...]:
    arn = f"arn:aws:kms:{place.region}:{place.account}:key/{key_id(place.account, place.region)}"
    return ({"accountId": place.account, "type": "AWS::KMS::Key", "ARN": arn},)
