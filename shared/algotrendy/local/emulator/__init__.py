"""The AWS emulator: how to start ministack with our fixes, from an environment of its own.

Only the standard library is imported here, since `launcher.py` runs in the emulator's own
virtual environment, which holds nothing of ours.
"""

import os
from pathlib import Path

ACCOUNT = "000000000000"
REGION = "us-east-1"

# What a child process may see of the caller's environment. Ministack hands its own environment
# on to every Lambda function, so a variable of the user's shell, or the AWS configuration in the
# user's home, would reach our handlers.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE")


def command(python: Path) -> list[str]:
    """Name the command that runs the emulator in the foreground until SIGTERM.

    Args:
        python: The interpreter of the emulator's virtual environment; Lambda functions run in it.
    """
    return [str(python), str(Path(__file__).with_name("launcher.py"))]


def environment(
    port: int,
    state_dir: Path,
    *,
    snapshot_s: float = 5.0,
) -> dict[str, str]:
    """Build the whole environment of the emulator process; do not merge it with another.

    Args:
        port: The one TCP port that is opened, on 127.0.0.1.
        state_dir: Folder for everything that must outlive the process: service state, S3
            objects, unpacked Lambda packages. Made when it is missing.
        snapshot_s: Seconds between two snapshots of the state.
    """
    state_dir = state_dir.absolute()
    scratch = state_dir / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    inherited = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return inherited | {
        "HOME": str(scratch),
        "PYTHONUNBUFFERED": "1",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state_dir / "services"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state_dir / "s3"),
        "TMPDIR": str(scratch),
        "MINISTACK_SNAPSHOT_S": str(snapshot_s),
        # As at AWS. How many processes they take is bounded by `fixes.few_workers`.
        "LAMBDA_ACCOUNT_CONCURRENCY": "1000",
        "SFTP_ENABLED": "0",
        "SFTP_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        # Never a container: the same behaviour with and without Docker on the machine.
        "DOCKER_HOST": f"unix://{scratch / 'no-docker.sock'}",
    }
