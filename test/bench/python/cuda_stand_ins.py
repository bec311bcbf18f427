"""Lets PyPI's CUDA build of PyTorch be imported where no CUDA is installed.

The wheel links to gigabytes of CUDA libraries, although a CPU run calls none of them. For each one that is missing this
compiles an empty library with the same name, symbols and symbol versions: every function says "no device" (100, in the
CUDA runtime) and returns. The wheel's own files, and with them its CPU kernels, stay as they are.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

CUDA_LIBRARY = re.compile(r"^lib(cu|nccl|nv)")
CUDA_SYMBOL = re.compile(r"^(cu|nv|nccl|__cuda)")
NO_DEVICE = 100


def read_needs(libraries: Path) -> tuple[dict[str, dict[str, set[str]]], set[str]]:
    """Missing library → version → symbols; and the symbols without a version, which may be in any library."""
    missing: dict[str, dict[str, set[str]]] = {}
    unversioned: set[str] = set()
    for file in libraries.glob("*.so*"):
        text = subprocess.run(
            ["readelf", "-dVW", "--dyn-syms", file], capture_output=True, text=True, check=True
        ).stdout
        for name in re.findall(r"\(NEEDED\).*\[(.*?)\]", text):
            if CUDA_LIBRARY.match(name) and not (libraries / name).exists():
                missing.setdefault(name, {})
        owner = owners_of_versions(text)
        for symbol, version in re.findall(r" UND (\w+)(?:@(\S+))?", text):
            library = owner.get(version)
            if library in missing:
                missing[library].setdefault(version, set()).add(symbol)
            elif not version and CUDA_SYMBOL.match(symbol):
                unversioned.add(symbol)
    return missing, unversioned


def owners_of_versions(text: str) -> dict[str, str]:
    owner: dict[str, str] = {}
    file = None
    for line in text.splitlines():
        if found := re.search(r"Version: 1\s+File: (\S+)", line):
            file = found[1]
        if file and (found := re.search(r"Name: (\S+)\s+Flags", line)):
            owner[found[1]] = file
    return owner


def stand_in(symbol: str) -> str:
    if "String" in symbol:
        return f'const char *{symbol}(void) {{ return "no CUDA"; }}\n'
    return f"int {symbol}(void) {{ return {NO_DEVICE}; }}\n"


def compile_library(path: Path, versions: dict[str, set[str]], unversioned: set[str]) -> None:
    symbols = {symbol for group in versions.values() for symbol in group}
    source = "".join(stand_in(symbol) for symbol in sorted(symbols or unversioned))
    script = "".join(f"{version} {{ {' '.join(f'{s};' for s in sorted(group))} }};\n" for version, group in versions.items())
    with tempfile.NamedTemporaryFile("w", suffix=".map") as file:
        file.write(script)
        file.flush()
        versioned = [f"-Wl,--version-script={file.name}"] if versions else []
        command = ["cc", "-shared", "-w", "-fno-builtin", f"-Wl,-soname,{path.name}", *versioned, "-o", str(path)]
        subprocess.run([*command, "-x", "c", "-"], input=source, text=True, check=True)


def main(libraries: Path) -> None:
    missing, unversioned = read_needs(libraries)
    for name, versions in missing.items():
        compile_library(libraries / name, versions, unversioned)
    print(f"{len(missing)} CUDA libraries replaced by empty ones")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
