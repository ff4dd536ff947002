"""Build the site into build/site/, or serve it on this machine alone.

python -m tools.website build      # EXECUTE=1 runs the notebooks anew instead of showing their stored outputs
python -m tools.website serve [PORT]
"""

import sys

from . import build, server


def main(task="", *rest):
    """Do what the command line asks for."""
    if task == "build" and not rest:
        build.build()
    elif task == "serve":
        if not (build.SITE / "index.html").exists():
            build.build()
        server.serve(build.SITE, *map(int, rest))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
