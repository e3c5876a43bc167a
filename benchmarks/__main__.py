"""Print every row beside its peers, write the results; exit 1 if a floor or an accuracy goal is missed.

Every run writes benchmarks/_build/results.json; a run of all rows also the file that the book's page shows.
"""

import argparse
import contextlib
import importlib
import json
import math
import os
import pkgutil
import platform
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "_build" / "results.json"
PUBLISHED = HERE.parent / "book" / "reference" / "benchmarks.json"
PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "transformers", "dahuffman", "jax", "tinygrad")


def machine() -> dict:
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "AVX-512": "yes" if has_avx512() else "no",
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: version_of(name) for name in PACKAGES},
    }


def version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def processor() -> str:
    """Return the processor's model where the system tells it, else its family."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def has_avx512() -> bool:
    """Return whether NumPy found the instructions that make its logarithm several times faster."""
    from numpy._core._multiarray_umath import __cpu_features__

    return __cpu_features__["AVX512_SKX"]


def one_thread() -> None:
    """Hold every peer to one thread; to be called before NumPy and torch load."""
    os.environ.update({f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")})


def show_speed(row: dict) -> None:
    print(f"\n{row['name']}   goal {row['goal']:g}x, floor {row['floor']:g}x of {row['against']}")
    for name, time in row["times"].items():
        ratio = f"{row['ratios'][name]:8.2f}x" if name in row["ratios"] else " " * 9
        mark = f"   <- {row['verdict']}" if name == row["against"] else ""
        print(f"  {name:32}{pretty(time['median_s']):>11} +-{time['spread_percent']:4.0f} %{ratio}{mark}")
    for name in row["skipped"]:
        print(f"  {name:32}    skipped: not installed")


def show_accuracy(row: dict) -> None:
    print(f"\n{row['name']}   goal {row['goal']:g}")
    for name, error in row["errors"].items():
        print(f"  {name:32}{error:11.1e}" + (f"   <- {row['verdict']}" if name == "course_lib" else ""))


def row_modules() -> list:
    """Return the modules of this package that offer rows: any file with speed_rows and accuracy_rows."""
    names = [module.name for module in pkgutil.iter_modules([str(HERE)])]
    modules = [importlib.import_module(f"{__package__}.{name}") for name in names if name != "__main__"]
    return [module for module in modules if hasattr(module, "speed_rows")]


def pretty(seconds: float) -> str:
    unit, scale = next(
        (u, s) for u, s in (("s", 1), ("ms", 1e3), ("us", 1e6)) if seconds * s >= 1 or u == "us"
    )
    return f"{seconds * scale:.3g} {unit}"


def chosen(modules: list, kind: str, only: str) -> Iterator:
    """Yield the rows of one kind whose name contains ``only``, each made when its turn comes."""
    return (row for module in modules for row in getattr(module, kind)() if only in row.name)


def measured(rows: Iterator, run: Callable, show: Callable) -> list[dict]:
    results = []
    for row in rows:
        results.append(run(row))
        show(results[-1])
    return results


def finite(value: object) -> object:
    """Return ``value`` with words in place of NaN and infinities, which JSON has no numbers for."""
    if isinstance(value, dict):
        return {key: finite(v) for key, v in value.items()}
    if isinstance(value, list):
        return [finite(v) for v in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def write(results: dict, *, complete: bool) -> Path:
    text = json.dumps(finite(results), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(text, encoding="utf-8")
    if complete:
        PUBLISHED.write_text(text, encoding="utf-8")
    return PUBLISHED if complete else RESULTS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="timings of each contestant (default 11)")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    options = parser.parse_args()

    one_thread()
    from . import frameworks, measure

    modules, about = row_modules(), machine()
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    print("\nSpeed: processor time of one thread, median, half the interquartile range; theirs over ours.")
    rows = chosen(modules, "speed_rows", options.only)
    speeds = measured(rows, lambda row: measure.run_speed(row, options.rounds), show_speed)
    print("\nAccuracy: worst relative error against 50 digits.")
    errors = measured(chosen(modules, "accuracy_rows", options.only), measure.run_accuracy, show_accuracy)

    results = {"machine": about, "speed": speeds, "accuracy": errors, "frameworks": frameworks.results()}
    path = write(results, complete=not options.only)
    tally = Counter(row["verdict"] for row in [*speeds, *errors])
    met, half, missed, skipped = (tally[verdict] for verdict in ("goal", "floor", "MISSED", "skipped"))
    print(f"\n{tally.total()} rows: {met} meet their goal, {half} only their floor, {missed} miss it.")
    if skipped:
        print(f"{skipped} have no ratio, for their peer is not installed.")
    print(f"Written to {os.path.relpath(path)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
