"""Build what is published: a wheel and a source archive, the same bytes wherever they are built,
with a software bill of materials and their sha256 (docs/releasing.md; extra "release").

    python .ci/release.py --out dist
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="an empty or new folder")
    parser.add_argument("--commit", default="HEAD", help="what to build (default HEAD)")
    args = parser.parse_args()
    if args.out.exists() and any(args.out.iterdir()):
        print(f"release: '{args.out}' is not empty; name a new folder", file=sys.stderr)
        return 1
    first, second = built(args.commit), built(args.commit)
    if first != second:
        differing = sorted(name for name in first if first[name] != second.get(name))
        print(f"release: two builds differ in {', '.join(differing)}", file=sys.stderr)
        return 1
    args.out.mkdir(parents=True, exist_ok=True)
    for name, content in first.items():
        (args.out / name).write_bytes(content)
    _run(sys.executable, "-m", "twine", "check", "--strict", *map(str, args.out.iterdir()))
    materials(args.out)
    write_sums(args.out)
    print((args.out / "SHA256SUMS").read_text("utf-8"), end="")
    return 0


def built(commit: str) -> dict[str, bytes]:
    """The wheel and the source archive of a commit, by file name, dated by the commit."""
    date = _output("git", "-C", str(ROOT), "log", "-1", "--format=%ct", commit)
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "source"), Path(folder, "out")
        archive = _output_bytes("git", "-C", str(ROOT), "archive", commit)
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(source, filter="data")
        environment = {**os.environ, "SOURCE_DATE_EPOCH": date, "PYTHONHASHSEED": "0"}
        command = [sys.executable, "-m", "build", "--outdir", str(out), str(source)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"release: the build failed\n{done.stdout}{done.stderr}")
        return {
            path.name: repacked(path.read_bytes(), int(date))
            if path.name.endswith(".tar.gz")
            else path.read_bytes()
            for path in sorted(out.iterdir())
        }


def repacked(archive: bytes, date: int) -> bytes:
    """A .tar.gz with its files in the order of their names, of nobody, and all of one date."""
    packed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive)) as before,
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=date) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as after,
    ):
        for member in sorted(before.getmembers(), key=lambda each: each.name):
            member.mtime, member.uid, member.gid, member.uname, member.gname = date, 0, 0, "", ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.pax_headers = {}
            after.addfile(member, before.extractfile(member) if member.isfile() else None)
    return packed.getvalue()


def materials(out: Path) -> None:
    """Write what an installation of the wheel brings, with versions and licences, as CycloneDX."""
    wheel = next(out.glob("*.whl"))
    with tempfile.TemporaryDirectory() as folder:
        _run(sys.executable, "-m", "venv", "--without-pip", folder)
        python = str(Path(folder, "Scripts" if os.name == "nt" else "bin", "python"))
        _run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", str(wheel))
        _run(
            sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible",
            "--gather-license-texts", "--output-file", str(out / "cltensor.cdx.json"), python,
        )  # fmt: skip


def write_sums(out: Path) -> None:
    """Write SHA256SUMS, as `sha256sum --check` reads it."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(out.iterdir())
    ]
    (out / "SHA256SUMS").write_text("".join(lines), "utf-8")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"release: {' '.join(command)} failed\n{done.stdout}{done.stderr}")


def _output_bytes(*command: str) -> bytes:
    return subprocess.run(command, capture_output=True, check=True).stdout


def _output(*command: str) -> str:
    return _output_bytes(*command).decode().strip()


if __name__ == "__main__":
    sys.exit(main())
