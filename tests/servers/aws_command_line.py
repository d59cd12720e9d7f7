"""AWS's command line, loaded once: a command of a script costs a fork instead of an interpreter.

`python -m tests.servers.aws_command_line SOCKET URL` runs, until it is ended, what the program `aws` of
`tests.servers.command_line` is asked for: the same arguments, environment and outputs, and every call goes to the URL.
"""

import json
import os
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

from awscli.clidriver import create_clidriver

SERVICES = ("iam", "s3", "sns", "sqs", "sts")


def main(path: str, url: str) -> None:
    """Answers one command after the other."""
    driver = create_clidriver()
    for service in SERVICES:  # what is read here is there for every command; none of it is kept
        driver.session.create_client(
            service, region_name="eu-central-1", aws_access_key_id="none", aws_secret_access_key="none"
        )
    waiting = f"{path}.waiting"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(waiting)
        server.listen()
        Path(waiting).rename(path)
        while True:
            connection, _ = server.accept()
            with connection:
                head, outputs, _, _ = socket.recv_fds(connection, 4, 2)
                asked = _read(connection, int.from_bytes(head, "big"))
                child = os.fork()
                if child == 0:
                    _run(driver, *json.loads(asked), outputs=outputs, url=url)
                for output in outputs:
                    os.close(output)
                _, status = os.waitpid(child, 0)
                connection.sendall(bytes([os.waitstatus_to_exitcode(status) & 0xFF]))


def _read(connection: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        read += connection.recv(size - len(read))
    return read


def _run(
    driver: Any, arguments: list[str], environment: dict[str, str], *, outputs: list[int], url: str
) -> None:
    """Does not return."""
    code = 255
    try:
        own = {"AWS_DATA_PATH": os.environ["AWS_DATA_PATH"]}  # set when it was imported
        os.environ.clear()
        os.environ.update(environment | own)
        for number, output in enumerate(outputs, start=1):
            os.dup2(output, number)
        code = driver.main(["--endpoint-url", url, *arguments])
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # a child that returns would answer commands beside its parent
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
