"""Make sure that there is a Chromium for the tests of the site; where it is missing, Debian's is installed.

    python -m tools.browser      # prints its path

CHROMIUM=/path/to/chrome names another one.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find():
    """Path of a Chromium, or None."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if os.access(named, os.X_OK) else sys.exit(f"CHROMIUM={named} is no program that runs.")
    return next(filter(None, map(shutil.which, NAMES)), None)


def install():
    """Install Debian's Chromium where this user may."""
    if not shutil.which("apt-get") or os.getuid() != 0:
        return
    print("There is no Chromium: installing Debian's package", flush=True)
    quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
    subprocess.call(["apt-get", "update", "-qq"], **quiet)
    subprocess.call(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], **quiet)


def main():
    """Find or install one, or say what to do."""
    if not find():
        install()
    path = find()
    if not path:
        sys.exit(
            "The site cannot be tested: there is no Chromium, and it could not be installed. Install it (on "
            "Debian: apt-get install chromium) or name one with CHROMIUM=/path/to/chrome, then run again."
        )
    print(f"browser: {path}")


if __name__ == "__main__":
    main()
