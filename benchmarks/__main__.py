"""Print every row beside its peers, write benchmarks/_build/results.json; exit 1 if a floor is missed."""

import argparse
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "_build" / "results.json"


def machine() -> dict:
    packages = ("numpy", "scipy", "torch")
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def one_thread() -> None:
    """Hold every peer to one thread; to be called before NumPy and torch load."""
    os.environ.update({f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")})


def show_speed(row: dict) -> None:
    print(f"\n{row['name']}   goal {row['goal']:g}x, floor {row['floor']:g}x of {row['against']}")
    for name, time in row["times"].items():
        ratio = f"{row['ratios'][name]:8.2f}x" if name in row["ratios"] else " " * 9
        mark = f"   <- {row['verdict']}" if name == row["against"] else ""
        print(f"  {name:32}{pretty(time['median_s']):>11} +-{time['spread_percent']:4.0f} %{ratio}{mark}")


def show_accuracy(row: dict) -> None:
    print(f"\n{row['name']}   goal {row['goal']:g}")
    for name, error in row["errors"].items():
        print(f"  {name:32}{error:11.1e}" + (f"   <- {row['verdict']}" if name == "course_lib" else ""))


def pretty(seconds: float) -> str:
    unit, scale = next(
        (u, s) for u, s in (("s", 1), ("ms", 1e3), ("us", 1e6)) if seconds * s >= 1 or u == "us"
    )
    return f"{seconds * scale:.3g} {unit}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="timings of each contestant (default 11)")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    options = parser.parse_args()

    one_thread()
    from . import library, measure

    about = machine()
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    print(
        "\nSpeed: processor time of one thread, median, half the interquartile range; ratio, theirs to ours."
    )
    speeds = []
    for row in library.speed_rows():
        if options.only in row.name:
            speeds.append(measure.run_speed(row, options.rounds))
            show_speed(speeds[-1])
    print("\nAccuracy: worst relative error against 50 digits.")
    errors = [measure.run_accuracy(row) for row in library.accuracy_rows() if options.only in row.name]
    for row in errors:
        show_accuracy(row)

    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"machine": about, "speed": speeds, "accuracy": errors}, indent=1) + "\n")
    rows = [*speeds, *errors]
    counts = {v: sum(row["verdict"] == v for row in rows) for v in ("goal", "floor", "MISSED")}
    print(
        f"\n{len(rows)} rows: {counts['goal']} meet their goal, {counts['floor']} only their floor, ", end=""
    )
    print(f"{counts['MISSED']} miss it. Written to {os.path.relpath(RESULTS)}")
    return 1 if counts["MISSED"] else 0


if __name__ == "__main__":
    sys.exit(main())
