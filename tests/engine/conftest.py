import sys
from pathlib import Path

# Workers get the driver's path, so that they find kinds_for_tests too.
sys.path.insert(0, str(Path(__file__).parent))
