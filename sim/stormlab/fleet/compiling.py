"""Compile a kernel once, quickly, and keep it.

Numba makes machine code of every function that it meets, the inner ones too, each with copies of
all that it calls: for a kernel of four hundred functions that is three quarters of the time. While
a kernel is compiled here, inner functions stay in LLVM's own language until the kernel's entry is
optimised as a whole; nobody else calls them. What is compiled is the same. This uses names inside
of Numba (0.60 to 0.68); where they are not there, compiling takes longer and nothing else changes.

Numba's cache knows of changes to the file of the entry only. So an entry is kept under a name that
holds a digest of every source that can be part of it.
"""

import hashlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
from numba import njit

from stormlab.console import note

ENTRY = "stormlab_kernel"  # how the names of entries begin


def sources_digest(packages: Sequence[ModuleType], *more: str) -> str:
    """16 hex digits over the sources of packages and ``more``, with Numba's version."""
    digest = hashlib.blake2b(" ".join([numba.__version__, *more]).encode(), digest_size=8)
    for package in packages:
        for place in package.__path__:
            for file in sorted(Path(place).glob("*.py")):
                digest.update(file.read_bytes())
    return digest.hexdigest()


def entry(function: Callable[..., Any], signature: str, digest: str, what: str) -> Any:
    """Compile a kernel's entry for one signature, or take what was kept; ``what``: for people.

    What is kept has the digest in its name: another version of any source is another kernel. A
    line says when it is compiled: where no folder can be written in each process, with a warning.
    """
    name = f"{ENTRY}_{function.__name__}_{digest}"
    function.__qualname__ = name
    try:
        dispatcher: Any = njit(cache=True)(function)
        kept = any(Path(dispatcher._cache.cache_path).glob(f"*{name}*.nbi"))
    except RuntimeError:  # "no locator available"
        warnings.warn(
            f"the compiled {what} cannot be kept (no folder for it can be written; set"
            " NUMBA_CACHE_DIR): it is compiled anew in each process",
            stacklevel=2,
        )
        dispatcher, kept = njit(function), False
    if not kept:
        note(f"compiling the {what} ({function.__name__}) for this machine, once")
    with _whole_kernels():
        dispatcher.compile(signature)
    return dispatcher


@contextmanager
def _whole_kernels() -> Iterator[None]:
    """Let Numba make machine code of entries only."""
    try:
        from numba.core import codegen  # noqa: PLC0415  names that may not be there

        library: Any = codegen.CPUCodeLibrary
        native: Any = codegen.JITCodeLibrary
        code: Any = codegen.JITCPUCodegen
        optimise, finalise = library._optimize_final_module, library._finalize_final_module
        pointer, set_env = native.get_pointer_to_function, code.set_env
    except (ImportError, AttributeError):
        yield
        return

    def optimise_entry(self: Any) -> None:
        if ENTRY in self.name:
            for function in self._final_module.functions:
                if not function.is_declaration and ENTRY not in function.name:
                    # Nobody else calls it, so it may be inlined; under a name of its own, or it
                    # would be taken for the same function in a library that is compiled later.
                    function.linkage = "internal"
                    function.name = f"{ENTRY}.{function.name}"
            optimise(self)

    def finalise_entry(self: Any) -> None:
        if ENTRY in self.name:
            finalise(self)
        else:
            self._finalize_dynamic_globals()
            self._finalized = True

    def pointer_of_entry(self: Any, name: str) -> int:
        return int(pointer(self, name)) if ENTRY in self.name else 0

    def set_env_of_entry(self: Any, name: str, env: Any) -> None:
        if self._engine.get_global_value_address(name):
            set_env(self, name, env)

    library._optimize_final_module = optimise_entry
    library._finalize_final_module = finalise_entry
    native.get_pointer_to_function, code.set_env = pointer_of_entry, set_env_of_entry
    try:
        yield
    finally:
        library._optimize_final_module, library._finalize_final_module = optimise, finalise
        native.get_pointer_to_function, code.set_env = pointer, set_env
