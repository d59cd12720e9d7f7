"""AWS's command line, loaded once; see `tests.servers.preforked`.

`python -m tests.servers.aws_command_line SOCKET URL` runs what the program `aws` of `tests.servers.command_line` is
asked for, and every call goes to the URL.
"""

import os
import sys

from awscli.clidriver import create_clidriver
from tests.servers.preforked import serve

SERVICES = ("iam", "s3", "sns", "sqs", "sts")


def main(path: str, url: str) -> None:
    """Answers commands until its standard input ends."""
    data = os.environ["AWS_DATA_PATH"]  # set when it was imported
    driver = create_clidriver()
    for service in SERVICES:  # what is read here is there for every command; none of it is kept
        driver.session.create_client(
            service, region_name="eu-central-1", aws_access_key_id="none", aws_secret_access_key="none"
        )

    def command(arguments: list[str]) -> int:
        os.environ["AWS_DATA_PATH"] = data
        return int(driver.main(["--endpoint-url", url, *arguments]))

    serve(path, command)


if __name__ == "__main__":
    main(*sys.argv[1:])
