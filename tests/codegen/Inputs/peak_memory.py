"""peak_memory.py MB COMMAND…: runs the command; fails if it fails, or has held more memory than that at any time."""
import resource
import subprocess
import sys

limit_mb = int(sys.argv[1])
done = subprocess.run(sys.argv[2:], check=False)
peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
if peak_mb > limit_mb:
    sys.exit(f"held {peak_mb:.0f} MB, allowed are {limit_mb}")
sys.exit(done.returncode)
