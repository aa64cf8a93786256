"""Set the study up once, then do what the verb asks: ``python study.py run``.

Needs nothing but Python 3.11 or newer. The first call makes ``.venv`` and installs the
packages of requirements.lock, each checked by its hash, with uv when it is on PATH and
with pip otherwise. Every call then hands its verb to the command ``crmstudy`` inside.
"""

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

# Python 2 stops at the annotation and prints this very line; 3.6 and later read on.
MINIMUM: tuple = (3, 11)  # this study needs Python 3.11 or newer
if sys.version_info < MINIMUM:
    found = sys.version.split()[0]
    sys.stderr.write(f"study.py: this study needs Python 3.11 or newer, not {found}\n")
    sys.exit(2)

ROOT = Path(__file__).resolve().parent
LOCK = ROOT / "requirements.lock"
PROJECT = ROOT / "pyproject.toml"
WINDOWS = os.name == "nt"
BASE_PYTHON = getattr(sys, "_base_executable", None) or sys.executable
SETUP_VERSION = 1  # raise it when a venv made by an older study.py must be made anew
MARKER, STAMP, LOG = "crmstudy.lock", "crmstudy.json", "set-up.log"  # files inside the venv
# All that is installed, and all that builds it, is in the lock. The packages that are
# published without a wheel are built by the locked setuptools.
LOCKED = (
    "--require-hashes --no-deps --no-build-isolation --only-binary :all: "
    "--no-binary semopy --no-binary autograd-gamma"
)

VERBS = {
    "run": "run the chapters of a study that changed, into reports/STUDY",
    "test": "rules, types, tests, and the executed notebooks against their record",
    "verify": "run a study elsewhere and compare every number with its reports",
    "check": "check a study's settings and data without running it",
    "new": "start a study of your own from data/template",
    "form": "write the questionnaire that a study's experts fill in",
    "audit": "search a study's report for what points to single persons",
    "erase": "take one customer out of all that was made from the inputs",
    "status": "say for each chapter whether it is fresh or stale, and why",
    "notebooks": "open the chapters in JupyterLab",
    "bench": "measure speed against named peers",
    "site": "build the web edition (comes with a later version)",
    "clean": "delete generated working files, never inputs or reports",
}
# One thread and one hash seed: what the published numbers were made with.
DETERMINISTIC = {
    "PYTHONHASHSEED": "0",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
UNREACHABLE = (
    "NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|CERTIFICATE_VERIFY_FAILED|"
    "dns error|error sending request|operation timed out|invalid peer certificate|Failed to fetch"
)
# What an installer prints -> what it means and what to do; the first match counts.
REMEDIES = {
    "DO NOT MATCH THE HASHES|[Hh]ash mismatch": "a package that was served is not the one in "
    "requirements.lock (hash mismatch), so it was not installed; empty the cache (uv cache "
    "clean, pip cache purge) or use another mirror",
    "No space left on device|not enough space on the disk|Disk quota exceeded": "the disk is "
    "full; free 2 GB, or name a folder on another disk with CRMSTUDY_VENV",
    r"ensurepip is not\s+available|No module named '?(ensurepip|venv)\b": "this Python cannot make "
    "virtual environments; install its venv module (Debian, Ubuntu: apt install python3-venv) "
    "or uv",
    UNREACHABLE: "no package index could be reached; check the network, or tell pip "
    "(PIP_INDEX_URL) or uv (UV_DEFAULT_INDEX) of a mirror, HTTPS_PROXY of a proxy, SSL_CERT_FILE "
    "of its certificate",
    "No matching distribution found|no usable wheels|no wheels with a matching": "a locked "
    "package has no build for this machine; the lock is made for 64-bit Python 3.11 to 3.13",
    "Permission denied|Access is denied|Read-only file system": "a file may not be written; "
    "close what uses it, or name another folder with CRMSTUDY_VENV",
}


class SetupError(Exception):
    """What stops study.py, in one line with its remedy, and the exit status."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


class UnreachableError(SetupError):
    """No package index answered this installer; another may know the way."""


def main(arguments: list[str]) -> int:
    """Set up when needed and hand the verb on; return the exit status."""
    try:
        if chosen_verb(arguments) == "help":
            print(help_text())
            return 0
        venv = venv_folder()
        if not is_fresh(venv):
            set_up(venv)
        return hand_on(venv, arguments)
    except SetupError as error:
        say(str(error))
        return error.status
    except KeyboardInterrupt:
        say("interrupted; run the same command again")
        return 130


def say(message: str) -> None:
    """Tell the reader, on stderr, so that a verb's own output stays clean."""
    sys.stderr.write(f"study.py: {message}\n")
    sys.stderr.flush()


# --- the command line -----------------------------------------------------------------


def chosen_verb(arguments: list[str]) -> str:
    """Return the verb, or ``help`` when help and no verb is asked for."""
    verb = next((word for word in arguments if not word.startswith("-")), None)
    if verb in VERBS:
        return verb
    if verb == "help" or (verb is None and {"-h", "--help"} & set(arguments)):
        return "help"
    if verb is None:
        raise SetupError(f"name a verb: {', '.join(VERBS)} (python study.py --help)", 2)
    from difflib import get_close_matches

    close = get_close_matches(verb, VERBS, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(VERBS)}"
    raise SetupError(f"unknown verb {verb!r}; {hint}", 2)


def help_text() -> str:
    """Return what ``python study.py --help`` prints, with no venv needed."""
    verbs = "\n".join(f"  {verb:<10} {meaning}" for verb, meaning in VERBS.items())
    fixed = " ".join(f"{name}={value}" for name, value in DETERMINISTIC.items())
    return f"""usage: python study.py VERB [ARGUMENT ...]

{verbs}

python study.py VERB --help tells more of a verb. Without a study's name, run, verify and
status mean the open study.

The first call sets up .venv from requirements.lock; CRMSTUDY_VENV names another folder for it.
Set for every verb, unless you set them yourself; chapters and tests always have them:
  {fixed}"""


# --- is the venv as it should be? -----------------------------------------------------


def venv_folder() -> Path:
    """Return where the venv stands: ``.venv``, or what CRMSTUDY_VENV names."""
    named = os.environ.get("CRMSTUDY_VENV")
    return Path(named).expanduser().absolute() if named else ROOT / ".venv"


def tool(venv: Path, name: str) -> Path:
    """Return the path of a command inside the venv."""
    return venv / "Scripts" / f"{name}.exe" if WINDOWS else venv / "bin" / name


def wanted_stamp(venv: Path) -> dict[str, str]:
    """Return what the stamp of a finished set-up says.

    ``packages`` changes with all that the installed packages depend on, ``project`` also
    with what an editable install writes down about this project. Both know where they
    stand, because scripts inside a venv that was moved point to its old place.
    """
    import tomllib

    try:
        lock = hashlib.sha256(LOCK.read_bytes()).hexdigest()
        project = tomllib.loads(PROJECT.read_text("utf-8"))
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise SetupError(f"{missing} is missing; restore it: git checkout -- {missing}") from None
    except ValueError as error:  # neither UTF-8 nor TOML
        raise SetupError(f"pyproject.toml cannot be read: {error}") from None
    parts = [project.get(table) for table in ("build-system", "project")]
    parts.append(project.get("tool", {}).get("hatch"))
    packages = digest(SETUP_VERSION, lock, sys.platform, sys.implementation.cache_tag, str(venv))
    return {"packages": packages, "project": digest(packages, str(ROOT), parts)}


def digest(*parts: object) -> str:
    """Return one sha256 over texts, numbers and tables."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def read_stamp(venv: Path) -> dict[str, str]:
    """Return the stamp of the last set-up, or nothing when it never ended."""
    try:
        return dict(json.loads((venv / STAMP).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def write_stamp(venv: Path, stamp: dict[str, str]) -> None:
    """Write the stamp whole or not at all."""
    part = venv / f"{STAMP}.part"
    part.write_text(json.dumps(stamp), "utf-8")
    part.replace(venv / STAMP)


def works(venv: Path) -> bool:
    """Say whether the Python that the venv was made from still stands where it stood."""
    try:
        lines = (venv / "pyvenv.cfg").read_text("utf-8").splitlines()
    except OSError:
        return False
    home = dict(line.split(" = ", 1) for line in lines if " = " in line).get("home", "")
    return bool(home) and Path(home).is_dir() and tool(venv, "python").exists()


def is_fresh(venv: Path) -> bool:
    """Say whether the set-up ended and nothing it depends on has changed since."""
    stamped = read_stamp(venv) == wanted_stamp(venv)
    return stamped and works(venv) and tool(venv, "crmstudy").exists()


def is_ours(venv: Path) -> bool:
    """Say whether a folder may be emptied: ours, the project's own venv, or empty."""
    if not venv.is_dir():
        return not venv.exists()
    own = venv == ROOT / ".venv" and (venv / "pyvenv.cfg").exists()
    return own or (venv / MARKER).exists() or not any(venv.iterdir())


def shown(venv: Path) -> str:
    """Return the venv's path as the reader knows it."""
    return str(venv.relative_to(ROOT)) if ROOT in venv.parents else str(venv)


# --- setting up -----------------------------------------------------------------------


def set_up(venv: Path) -> None:
    """Make the venv anew, or install the project again where only that changed."""
    started = time.monotonic()
    try:
        if not is_ours(venv):
            found = f"{shown(venv)} holds something else than this study's venv"
            raise SetupError(f"{found}; remove it, or name another folder with CRMSTUDY_VENV", 2)
        venv.mkdir(parents=True, exist_ok=True)
        with only_one(venv) as held:
            if is_fresh(venv):  # another call did it while this one waited
                return
            SetUp(venv, held).run()
    except OSError as error:
        raise failure("setting up", venv, str(error)) from error
    packages = [*venv.glob("lib/python*/site-packages/*.dist-info")]  # POSIX
    packages = packages or [*venv.glob("Lib/site-packages/*.dist-info")]  # Windows
    took = time.monotonic() - started
    say(f"{shown(venv)} is ready: {len(packages)} packages in {took:.1f} s")


@contextmanager
def only_one(venv: Path) -> Iterator[int]:
    """Hold the folder for this call alone; yields the descriptor that holds it.

    The operating system frees the lock when the holder ends, however it ends: there are
    no stale ones. An installer inherits it, so that killing study.py alone lets no second
    set-up work on the folder in which the first one's installer still writes.
    """
    with open(venv / MARKER, "a+", encoding="utf-8") as file:
        if not took_lock(file):
            say(f"another set-up of {shown(venv)} is under way; waiting for it")
            while not took_lock(file):
                time.sleep(0.2)
        yield file.fileno()


def took_lock(file: IO[str]) -> bool:
    """Try once to lock an open file; on a disk that knows no locks, go on without."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True


class SetUp:
    """One set-up of a venv, by uv or by pip, by the call that holds the folder.

    No index is ever named: the mirrors and proxies that uv and pip are told of count.
    """

    def __init__(self, venv: Path, held: int) -> None:
        self.venv, self.held = venv, held
        self.uv = working_uv()

    def run(self) -> None:
        """Install what is missing, and stamp each part when it is done."""
        wanted = wanted_stamp(self.venv)
        kept = read_stamp(self.venv).get("packages") == wanted["packages"] and works(self.venv)
        if not kept or not (self.uv or tool(self.venv, "pip").exists()):
            self.make_anew()
        write_stamp(self.venv, {"packages": wanted["packages"]})
        # It has no hash, and brings no package with it: the lock has them all.
        project = ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
        self.install(project, "installing the project")
        write_stamp(self.venv, wanted)

    def make_anew(self) -> None:
        """Make the venv and install the locked packages into it.

        uv and pip are configured apart: where uv reaches no index, pip may know a mirror.
        """
        say(f"setting up {shown(self.venv)} with {'uv' if self.uv else 'pip'}, once ...")
        try:
            empty(self.venv)
            self.create()
            build = self.venv / "build.txt"
            build.write_text(locked_entry("setuptools"), "utf-8")
            for requirements in (build, LOCK):
                locked = [*LOCKED.split(), "--requirement", str(requirements)]
                self.install(locked, "installing the packages")
            if self.uv is None:
                self.compile()
        except UnreachableError:
            if self.uv is None:
                raise
            say("uv reached no package index; trying pip, which has settings of its own")
            self.uv = None
            self.make_anew()

    def create(self) -> None:
        """Make an empty venv. Its Jupyter kernel comes with ipykernel: none to register."""
        with_uv = [str(self.uv), "venv", "--allow-existing", "--python", BASE_PYTHON]
        command = with_uv if self.uv else [BASE_PYTHON, "-m", "venv"]
        self.call([*command, str(self.venv)], "making the virtual environment")

    def install(self, requirements: list[str], doing: str) -> None:
        """Install into the venv."""
        python = str(tool(self.venv, "python"))
        if self.uv:
            command = [self.uv, "pip", "install", "--compile-bytecode", "--python", python]
        else:
            command = [python, "-m", "pip", "install", "--no-compile", "--no-input"]
            command += ["--disable-pip-version-check"]
        self.call([*command, *requirements], doing)

    def compile(self) -> None:
        """Compile on all cores, as uv does and pip does not; leave what does not compile."""
        python = str(tool(self.venv, "python"))
        with suppress(SetupError):
            command = [python, "-m", "compileall", "-q", "-j", "0", str(self.venv)]
            self.call(command, "compiling")

    def call(self, command: list[str], doing: str) -> None:
        """Run an installer's command, showing its last line where a person watches."""
        import subprocess

        lines: list[str] = []
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            cwd=ROOT,
            env=installer_environment(os.environ),
            pass_fds=() if WINDOWS else (self.held,),
        ) as process:
            for line in process.stdout or ():
                lines.append(line)
                show_passing(line.strip())
        show_passing("")
        if process.returncode != 0:
            raise failure(doing, self.venv, "".join(lines))


def working_uv() -> str | None:
    """Return the path of a uv that runs, or None."""
    import subprocess

    uv = shutil.which("uv")
    if uv is not None:
        with suppress(OSError):
            tried = subprocess.run([uv, "--version"], capture_output=True, check=False)
            return uv if tried.returncode == 0 else None
    return None


def locked_entry(package: str) -> str:
    """Return a package's entry in the lock: its pin and its hashes."""
    lines = LOCK.read_text("utf-8").splitlines(keepends=True)
    start = next((i for i, line in enumerate(lines) if line.startswith(f"{package}==")), None)
    if start is None:
        raise SetupError(f"requirements.lock lacks {package}: python -m crmstudy.environment lock")
    end = next(i for i in range(start, len(lines)) if not lines[i].rstrip().endswith("\\"))
    return "".join(lines[start : end + 1])


def empty(folder: Path) -> None:
    """Remove all that stands in a folder, but the file that holds the lock."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != MARKER:
            entry.unlink()


def show_passing(line: str) -> None:
    """Show one line that the next overwrites, on a terminal only."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 5
        sys.stderr.write(f"\r\033[K{'    ' if line else ''}{line[:width]}")
        sys.stderr.flush()


def installer_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for uv and pip: yours, less those that lead them astray."""
    astray = {"PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV"}
    astray |= {"PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_HASHES", "UV_REQUIRE_HASHES"}
    kept = {name: value for name, value in environ.items() if name not in astray}
    # Without PEP 517 an old pip builds by a way that needs a package the lock has not.
    return {**kept, "PIP_USER": "0", "PIP_USE_PEP517": "1", "PYTHONUTF8": "1"}


def failure(doing: str, venv: Path, output: str) -> SetupError:
    """Return the one line for what an installer printed, and keep all of it in a log."""
    import re

    details = ""
    with suppress(OSError):
        (venv / LOG).write_text(output, "utf-8")
        details = f" (details: {shown(venv / LOG)})"
    for pattern, remedy in REMEDIES.items():
        if re.search(pattern, output):
            kind = UnreachableError if pattern == UNREACHABLE else SetupError
            return kind(f"{doing} failed: {remedy}; then run the same command again{details}")
    last = next((line for line in reversed(output.splitlines()) if line.strip()), "no message")
    return SetupError(f"{doing} failed: {last.strip()}{details}")


# --- handing on -----------------------------------------------------------------------


def verb_environment(environ: Mapping[str, str], venv: Path) -> dict[str, str]:
    """Return the variables for the verb: as if the venv were activated, and deterministic.

    JUPYTER_PATH goes before every other place that kernels are looked for, so that the
    venv's kernel is found even where the user's folder has one of the same name.
    """
    kept = {k: v for k, v in environ.items() if k not in {"PYTHONPATH", "PYTHONHOME"}}
    path = [str(tool(venv, "python").parent), environ.get("PATH", "")]
    kernels = [str(venv / "share" / "jupyter"), environ.get("JUPYTER_PATH", "")]
    return {
        **DETERMINISTIC,
        **kept,
        "VIRTUAL_ENV": str(venv),
        "PATH": os.pathsep.join(filter(None, path)),
        "JUPYTER_PATH": os.pathsep.join(filter(None, kernels)),
    }


def hand_on(venv: Path, arguments: list[str]) -> int:
    """Become the command ``crmstudy``; on Windows, wait for it."""
    environ = verb_environment(os.environ, venv)
    for name, value in DETERMINISTIC.items():
        if environ[name] != value:
            yours = f"{name}={environ[name]} is kept as you set it"
            say(f"{yours}; chapters and tests have {value} all the same")
    command = [str(tool(venv, "crmstudy")), *arguments]
    try:
        if not WINDOWS:
            os.execve(command[0], command, environ)
        import subprocess

        process = subprocess.Popen(command, env=environ)
    except OSError as error:
        remedy = f"remove {shown(venv)} and run the same command again"
        raise SetupError(f"{command[0]} cannot be started ({error.strerror}); {remedy}") from error
    while True:
        with suppress(KeyboardInterrupt):  # the verb got it too, and says what it does
            return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
