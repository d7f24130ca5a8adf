"""A directory of its own for each test against the real server."""
import contextlib, shutil, tempfile


@contextlib.contextmanager
def folder(name):
    made = tempfile.mkdtemp(prefix=f"trunkline-{name}-")
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
