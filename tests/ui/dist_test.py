"""What lies in control/ui/dist is what its source makes: built anew and compared, byte by byte."""

import filecmp
import os
import pathlib
import subprocess
import sys
import tempfile

UI = pathlib.Path(__file__).resolve().parents[2] / "control/ui"


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in pathlib.Path(folder).rglob("*") if p.is_file())


def main():
    with tempfile.TemporaryDirectory(prefix="rw-ui-") as made:
        subprocess.run(["npx", "vite", "build", "--logLevel", "warn", "--outDir", made],
                       cwd=UI / "web", check=True, env=dict(os.environ, CI="1"))
        wanted, there = files(made), files(UI / "dist")
        _, different, broken = filecmp.cmpfiles(made, UI / "dist", wanted, shallow=False)
        if wanted == there and not different and not broken:
            print(f"{len(there)} files are what the source makes")
            return 0
        print("control/ui/dist is not what control/ui/web makes; run npm run build there and commit "
              f"both\n  made: {wanted}\n  there: {there}\n  different: {different + broken}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
