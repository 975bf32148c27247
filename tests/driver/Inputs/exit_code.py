"""exit_code.py CODE COMMAND…: runs the command and insists on its exit code."""
import subprocess
import sys

code = subprocess.run(sys.argv[2:], check=False).returncode
if code != int(sys.argv[1]):
    print(f"exit code {code} instead of {sys.argv[1]}")
    sys.exit(1)
