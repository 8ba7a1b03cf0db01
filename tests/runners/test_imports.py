import subprocess
import sys

HEAVY = ("torch", "mlflow", "ray", "matplotlib", "scipy", "pandas", "sklearn", "torchvision", "rich.live")


def test_the_driver_needs_no_torch():
    program = (
        "import sys, lmcspec.engine, lmcspec.engine.progress, lmcspec_runners.local, lmcspec_runners.inline;"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
