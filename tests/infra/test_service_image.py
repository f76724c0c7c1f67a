"""What the execution service's image is made of; nobody builds it here, so read it closely."""

from __future__ import annotations

import re

from fakes.loaded_packages import ROOT, brought_by, loaded_by

IMAGE = ROOT / "layers" / "execution"


def test_the_image_has_every_package_that_the_service_loads() -> None:
    loaded = loaded_by(
        [
            "services.execution.__main__",
            "algotrendy.trading.adapters.*",
            "algotrendy.brokers.alpaca.broker",
            "algotrendy.brokers.ccxt.vendor",
            "algotrendy.brokers.quantconnect.wiring",
            "alpaca.trading.client",
            "boto3",
        ]
    )
    assert {"psycopg", "alpaca-py"} <= loaded
    assert loaded <= brought_by((IMAGE / "requirements.in").read_text().splitlines())


def test_what_the_image_copies_is_there_and_changes_its_hash() -> None:
    source = (ROOT / "infra_cdk" / "capabilities" / "execution.py").read_text()
    found = re.search(r"IMAGE_READS = \(([^)]*)\)", source)
    assert found
    reads = set(re.findall(r'"([^"]+)"', found[1]))
    dockerfile = (IMAGE / "Dockerfile").read_text()
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)
    copied = {path for line in lines for path in line.split()}
    assert copied
    for path in copied:
        assert (ROOT / path).exists()
        assert path.split("/")[0] in reads


def test_the_image_runs_what_the_container_is_asked_for() -> None:
    dockerfile = (IMAGE / "Dockerfile").read_text()
    assert 'CMD ["python", "-m", "services.execution"]' in dockerfile
    assert "USER 10001" in dockerfile
    assert (ROOT / "services" / "execution" / "__main__.py").is_file()
