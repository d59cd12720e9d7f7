"""S3: objects that are read, written and copied. These are data events; buckets are management events."""

from dataclasses import replace
from typing import Any

from trailcam.testing.call import Call, Place
from trailcam.testing.chance import Chance
from trailcam.testing.organisation import Bucket, bucket

_TEAMS = ("shop", "orders", "support", "finance", "website")
_SSE = {"SSEApplied": "Default_SSE_S3"}
_ENCRYPTED = {"x-amz-server-side-encryption": "AES256"}


def get_object(chance: Chance, held: Bucket, key: str) -> Call:
    """An object is read."""
    extra = _extra(chance, sent=chance.between(800, 90_000))
    return _object("GetObject", held, key, extra=extra)


def put_object(chance: Chance, held: Bucket, key: str) -> Call:
    """An object is written."""
    extra = _extra(chance, got=chance.between(500, 400_000))
    return replace(_object("PutObject", held, key, extra=extra | _SSE), reads=False, response=_ENCRYPTED)


def copy_object(chance: Chance, source: Bucket, key: str, *, target: Bucket) -> Call:
    """An object is copied under its key into another bucket, which may be somebody else's."""
    call = _object("CopyObject", target, key, extra=_extra(chance, sent=234) | _SSE)
    return replace(
        call,
        reads=False,
        request=call.request | {"x-amz-copy-source": f"{source.name}/{key}"},
        response=_ENCRYPTED,
        resources=(*call.resources, *_resources(source, key)),
    )


def list_objects(chance: Chance, held: Bucket, *, prefix: str) -> Call:
    """The keys of a bucket are listed."""
    about = {"list-type": "2", "bucketName": held.name, "prefix": prefix, "encoding-type": "url"}
    return Call(
        service="s3",
        name="ListObjects",
        request=about | {"Host": held.host},
        extra=_extra(chance, sent=chance.between(400, 40_000)),
        resources=(_itself(held), {"type": "AWS::S3::Object", "ARNPrefix": f"{held.arn}/"}),
        data=True,
        host=held.host,
    )


def about_bucket(name: str, chance: Chance, held: Bucket, *, asked: str) -> Call:
    """A setting of a bucket is read: `asked` is the parameter that names it, such as `acl`."""
    return Call(
        service="s3",
        name=name,
        request={"bucketName": held.name, "Host": held.host, asked: ""},
        extra=_extra(chance, sent=chance.between(300, 2_000)),
        resources=(_itself(held),),
        host=held.host,
    )


def read_asset(place: Place, chance: Chance) -> Call:
    """A server fetches a part of the shop's pages."""
    key = f"static/{chance.pick(_TEAMS)}/{chance.below(400):03}.{chance.pick(('css', 'js', 'svg', 'webp'))}"
    return get_object(chance, bucket("assets", place.account, place.region), key)


def read_report(place: Place, chance: Chance) -> Call:
    """Somebody reads a report."""
    return get_object(chance, bucket("reports", place.account, place.region), _report(chance))


def write_report(place: Place, chance: Chance) -> Call:
    """A job writes a part of a report."""
    return put_object(chance, bucket("reports", place.account, place.region), _report(chance))


def write_artifact(place: Place, chance: Chance) -> Call:
    """A build leaves what it made."""
    key = f"{chance.pick(_TEAMS)}/{chance.hex(40)}.zip"
    return put_object(chance, bucket("artifacts", place.account, place.region), key)


def _report(chance: Chance) -> str:
    return f"{chance.pick(_TEAMS)}/week-{chance.between(1, 52):02}.parquet"


def _object(name: str, held: Bucket, key: str, *, extra: dict[str, Any]) -> Call:
    return Call(
        service="s3",
        name=name,
        request={"bucketName": held.name, "Host": held.host, "key": key},
        extra=extra,
        resources=_resources(held, key),
        data=True,
        host=held.host,
    )


def _extra(chance: Chance, *, got: int = 0, sent: int = 0) -> dict[str, Any]:
    return {
        "SignatureVersion": "SigV4",
        "CipherSuite": "TLS_AES_128_GCM_SHA256",
        "bytesTransferredIn": got,
        "AuthenticationMethod": "AuthHeader",
        "x-amz-id-2": f"{chance.hex(60)}EXAMPLE=",
        "bytesTransferredOut": sent,
    }


def _resources(held: Bucket, key: str) -> tuple[dict[str, str], ...]:
    return ({"type": "AWS::S3::Object", "ARN": f"{held.arn}/{key}"}, _itself(held))


def _itself(held: Bucket) -> dict[str, str]:
    return {"accountId": held.account, "type": "AWS::S3::Bucket", "ARN": held.arn}
