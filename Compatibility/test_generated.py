"""What is generated and committed is what the generator writes."""

import subprocess
import sys

from support.server import ROOT, martlet


def test_the_committed_aws_model_is_what_the_generator_writes():
    done = subprocess.run(
        [sys.executable, ROOT / "Tools" / "ModelGenerator" / "generate.py", "--check"], capture_output=True, text=True,
        timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_coverage_page_is_what_the_server_says_of_itself():
    done = martlet("coverage")
    assert done.returncode == 0, done.stderr
    assert (ROOT / "docs" / "coverage.md").read_text() == done.stdout, (
        "docs/coverage.md is out of date; write it with: martlet coverage > docs/coverage.md")


def test_every_normative_statement_has_its_test_and_the_committed_page_says_which():
    done = subprocess.run(
        [sys.executable, ROOT / "Tools" / "conformance.py", "--check"], capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr
