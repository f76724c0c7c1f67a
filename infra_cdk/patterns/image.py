"""Say what a container image is built from, and so what changes it."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as assets

from infra_cdk.config import ROOT, Frozen

# Made on this machine, for this machine: an image makes its own.
_NEVER = (
    "**/__pycache__",
    "shared/algotrendy/backtest/.kernels-*",
    "shared/algotrendy/backtest/engine/compiled/kernels",
    "shared/algotrendy/market_data/charts/kernels",
)


class Image(Frozen):
    """Describe one image. ``arguments`` are those of its Dockerfile.

    ``reads`` are the paths of the repository that it is built from, without what it
    ``leaves_out`` of them: nothing else reaches the image, or changes its hash.
    """

    dockerfile: str
    reads: tuple[str, ...]
    leaves_out: tuple[str, ...] = ()
    arguments: Mapping[str, str] = {}

    def asset(self) -> dict[str, Any]:
        """Give the arguments of a CDK asset."""
        return {
            "directory": str(ROOT),
            "file": self.dockerfile,
            "build_args": dict(self.arguments),
            "platform": assets.Platform.LINUX_ARM64,
            "exclude": ["*", *(f"!{path}" for path in self.reads), *self.leaves_out, *_NEVER],
            "ignore_mode": IgnoreMode.DOCKER,
        }


def service_image(name: str) -> Image:
    """Describe the image of a service; its packages are those of ``layers/<name>``."""
    return Image(
        dockerfile="services/Dockerfile",
        reads=("pyproject.toml", "uv.lock", f"layers/{name}", "services", "shared"),
        arguments={"SERVICE": name},
    )
