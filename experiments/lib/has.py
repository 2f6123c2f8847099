"""Exit code 0 if all the named packages are there (scikit-learn is imported as sklearn)."""
import importlib.util
import sys

sys.exit(not all(importlib.util.find_spec({"scikit-learn": "sklearn"}.get(p, p)) for p in sys.argv[1:]))
