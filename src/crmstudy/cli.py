"""The command ``crmstudy``: its arguments, and how it ends."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable

from crmstudy import verbs
from crmstudy.errors import CrmStudyError

INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run one verb and return its exit status: 0 well, 1 data or a result, 2 usage."""
    parser = _parser()
    options, unknown = parser.parse_known_args(arguments)
    if unknown and options.verb is not verbs.open_notebooks:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    options.unknown = [word for word in unknown if word != "--"]
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        status: int = options.verb(options)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where it stopped", file=sys.stderr)
        return INTERRUPTED
    except CrmStudyError as error:
        if options.debug:
            raise
        print(f"crmstudy: {error}", file=sys.stderr)
        return error.exit_status
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if options.debug:
            raise
        print(f"crmstudy: {_explain_disk(error)}", file=sys.stderr)
        return 1
    return status


def _explain_disk(error: OSError) -> str:
    import errno

    place = f" {error.filename}" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"the disk is full while writing{place}: free some space and run again"
    return f"{error.strerror or error}:{place}" if place else str(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="crmstudy",
        description="The reproducible study of customer relationship management.",
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    words = parser.add_subparsers(required=True, metavar="VERB")

    def verb(
        name: str, function: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        sub = words.add_parser(name, help=text, description=text)
        sub.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help="show tracebacks"
        )
        sub.set_defaults(verb=function)
        return sub

    def with_study(sub: argparse.ArgumentParser) -> None:
        sub.add_argument(
            "study", nargs="?", default="open", help="folder below data/ (default: open)"
        )
        sub.add_argument(
            "--chapter",
            action="append",
            default=[],
            metavar="C",
            help="only this chapter and what it needs; repeatable",
        )
        sub.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="C.NAME=VALUE",
            help="a chapter's parameter; repeatable",
        )

    run = verb("run", verbs.run_study, "run a study's stale chapters into reports/<study>/")
    with_study(run)
    run.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        help="chapters at once (default: all cores)",
    )
    run.add_argument(
        "--force", action="store_true", help="run the chapters even when they are fresh"
    )
    run.add_argument(
        "--keep-going", action="store_true", help="after a failure go on with what does not need it"
    )
    test = verb(
        "test", verbs.run_tests, "run lint, types, tests and nbval on the published edition"
    )
    test.add_argument("--fast", action="store_true", help="leave out slow tests and nbval")
    test.add_argument("-k", metavar="EXPR", help="only tests that match (pytest -k)")
    verify = verb("verify", verbs.verify_study, "rerun a study elsewhere and compare every number")
    with_study(verify)
    verify.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="chapters at once")
    check = verb("check", verbs.check_study, "check a study's inputs and list all problems")
    check.add_argument(
        "study", nargs="?", default="open", help="folder below data/ (default: open)"
    )
    check.add_argument(
        "--csv", metavar="FILE", help="write the problems there too, for a spreadsheet"
    )
    audit = verb(
        "audit", verbs.audit_study, "search a study's report for what points to single persons"
    )
    audit.add_argument(
        "study", nargs="?", default="open", help="folder below data/ (default: open)"
    )
    erase = verb(
        "erase", verbs.erase_person, "take one customer out of all that was made from the inputs"
    )
    erase.add_argument("study", help="folder below data/")
    erase.add_argument("customer", help="the customer's identifier, as in the inputs")
    erase.add_argument("--dataset", default="", help="of which data set, where there are several")
    erase.add_argument(
        "--unseen", action="store_true", help="list a customer whom the inputs no longer hold"
    )
    erase.add_argument("--no-run", action="store_true", help="do not run the study again after it")
    new = verb("new", verbs.new_study, "start a study of your own from data/template")
    new.add_argument("study", help="name of the new folder below data/")
    form = verb("form", verbs.write_form, "write the questionnaire that a study's experts fill in")
    with_study(form)
    form.add_argument("--force", action="store_true", help="write over a form that differs")
    status = verb("status", verbs.show_status, "say which chapters are fresh or stale, and why")
    with_study(status)
    notebooks = verb("notebooks", verbs.open_notebooks, "open a study's chapters in JupyterLab")
    with_study(notebooks)
    notebooks.add_argument(
        "--source", action="store_true", help="open the sources in notebooks/ instead of copies"
    )
    bench = verb("bench", verbs.run_benchmarks, "measure speed against named peers")
    bench.add_argument("name", nargs="?", help="one benchmark (default: all)")
    verb("site", verbs.build_site, "build the web edition (comes with a later version)")
    clean = verb(
        "clean", verbs.clean_study, "delete generated working files, never inputs or reports"
    )
    clean.add_argument("study", nargs="?", help="one study (default: all)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
