"""``python -m gluon_activations.fused``: build the compiled kernels if there are none, and say what is at work."""

import argparse
import sys
import warnings

from gluon_activations import fused


def main() -> None:
    """Build, and report; status 0 in any case, since everything works without kernels too."""
    parser = argparse.ArgumentParser(prog="python -m gluon_activations.fused", description=__doc__)
    parser.add_argument("--quiet", action="store_true", help="say something only if there are no kernels")
    quiet = parser.parse_args().quiet
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is said below
        at_work = fused.enable()
    if not at_work:
        print(f"Activations are composed of MXNet's operators, and slower: {fused.why_not()}.", file=sys.stderr)
    elif not quiet:
        print(f"Activations are compiled: {len(fused.formulas())} kernels, for {fused.level()}.")


if __name__ == "__main__":
    main()
