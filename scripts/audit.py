"""Known vulnerabilities of the installed packages, by pip-audit; the exit status is 1 for any.

    .venv/bin/python scripts/audit.py

Where the advisories cannot be reached this is said and is no failure: a check without a network
has to stay possible.
"""

import json
import subprocess
import sys
from typing import Any


def audited() -> list[dict[str, Any]] | None:
    """Every installed package as pip-audit reports it; None where it could not work."""
    command = [sys.executable, "-m", "pip_audit", "--local", "--format", "json",
               "--progress-spinner", "off", "--timeout", "10"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return None


def main() -> int:
    """Look, and say what was found."""
    packages = audited()
    looked_up = [package for package in packages or () if "vulns" in package]
    if not looked_up:
        print("The advisories cannot be reached; known vulnerabilities were not looked for.")
        return 0
    found = [(package, one) for package in looked_up for one in package["vulns"]]
    for package, one in found:
        fixed = ", ".join(one["fix_versions"]) or "no release yet"
        print(f"{package['name']} {package['version']}: {one['id']}, mended in {fixed}")
    print(f"{len(looked_up)} packages looked up, {len(found)} known vulnerabilities.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
