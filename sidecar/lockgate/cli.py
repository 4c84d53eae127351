"""The command `lockgate`."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
from pathlib import Path
from typing import Any, TextIO

import click

from lockgate import __version__
from lockgate import settings as settings_module
from lockgate.contract import WorkClass
from lockgate.settings import Settings, SettingsError


def _settings() -> Settings:
    try:
        settings = settings_module.load()
        settings.key()  # a key file that cannot be read is said now, not at the first call
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)-7s %(message)s", stream=sys.stderr
    )
    for noisy in ("celery", "kombu", "httpcore", "odoorpc"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLogger().level))
    return settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lockgate")
def main() -> None:
    """Moves approved prices and stock from Odoo to channels. Settings: LOCKGATE_* in the environment."""


@main.command()
def pacer() -> None:
    """Nudge workers when a channel has work. Several may run: one is active."""
    from lockgate.pacer import Pacer

    running = Pacer(_settings())

    def stop(*_: Any) -> None:
        running.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    running.run()


@main.command()
@click.option("--concurrency", type=click.IntRange(min=2), help="runs at once; default LOCKGATE_CONCURRENCY")
@click.option("--queues", default=",".join(WorkClass), show_default=True, help="classes of work to take")
def worker(concurrency: int | None, queues: str) -> None:
    """Lease, send and report. Any number may run, on any number of machines."""
    from lockgate.worker import work

    settings = _settings()
    if concurrency is not None:
        settings = settings.model_copy(update={"concurrency": concurrency})
    try:
        classes = [WorkClass(name.strip()) for name in queues.split(",")]
    except ValueError:
        raise click.ClickException(f"--queues takes {', '.join(WorkClass)}; not {queues!r}") from None
    try:
        sys.exit(work(settings, classes))
    except OSError as error:
        raise click.ClickException(f"LOCKGATE_METRICS_PORT={settings.metrics_port}: {error}") from None


@main.command()
@click.argument("channels", nargs=-1)
def check(channels: tuple[str, ...]) -> None:
    """Try Odoo, Redis, the connectors and each channel; say what is wrong. Exits 1 if anything is.

    CHANNELS are codes of those to try, instead of all.
    """
    from lockgate.check import check as findings

    well = True
    for fine, what, words in findings(_settings(), channels):
        well = well and fine
        click.echo(f"{'ok     ' if fine else 'PROBLEM'}  {what}: {words}")
    sys.exit(0 if well else 1)


@main.command()
def connectors() -> None:
    """List the connectors this sidecar has."""
    from lockgate import connectors as registry
    from lockgate.errors import NeedsAttention

    for code in sorted(registry.addresses()):
        try:
            known = registry.find(code).description
        except NeedsAttention as error:
            click.echo(f"{code:<12} {error}")
            continue
        aspects = " ".join(known.capabilities.aspects)
        size = known.capabilities.batch_size
        click.echo(f"{code:<12} {known.name:<20} {known.version:<8} {aspects:<12} {size:>5} in a request")


@main.command()
@click.argument("file", type=click.File())
def ingest(file: TextIO) -> None:
    """Tell Odoo of orders and movements: FILE (- is standard input) has one event a line, as JSON."""
    from lockgate.ingest import IngestError, read, tell
    from lockgate.odoo import Gateway

    settings = _settings()
    try:
        click.echo(tell(Gateway.open(settings), read(file)))
    except IngestError as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.argument("paths", nargs=-1, type=click.Path(dir_okay=False, path_type=Path))
def schema(paths: tuple[Path, ...]) -> None:
    """Write the contract's JSON Schema to each of PATHS, or print it."""
    from lockgate.schema import schema as text

    if not paths:
        click.echo(text(), nl=False)
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text())


@main.command("demo-channel")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=0, help="0: a free one, which is printed")
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), help="keeps history and listings here"
)
@click.option("--strict", is_flag=True, help="refuse SKUs that are not known")
def demo_channel(host: str, port: int, folder: Path | None, strict: bool) -> None:
    """Run the fake channel that connector `demo` speaks to."""
    from lockgate.fake import FakeChannel

    try:
        channel = FakeChannel(host, port, folder, strict)
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error}") from None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    click.echo(f"demo channel on {channel.address}")
    with contextlib.suppress(KeyboardInterrupt):
        channel.serve_forever()
