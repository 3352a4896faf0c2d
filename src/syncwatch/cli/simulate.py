"""`syncwatch simulate`: panels to try everything on, without a firm."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from syncwatch.cli.complain import fail
from syncwatch.config.address import Address, address
from syncwatch.config.duration import seconds
from syncwatch.simulator import Format, Options, serve, write_fleet
from syncwatch.simulator.faults.catalogue import GROUPS


def _list_faults(wanted: bool) -> None:  # noqa: FBT001 - as typer calls it
    """Show all faults, one a line below the name of their group."""
    if not wanted:
        return
    for group, faults in GROUPS.items():
        print(f"{group}:")
        for each in faults:
            print(f"  {each.name:<22}{each.what}")
    raise typer.Exit


def command(  # noqa: PLR0917 - each is an option of the command
    tenants: Annotated[int, typer.Option(help="Number of tenants.")] = 25,
    users: Annotated[int, typer.Option(help="Users of each tenant.")] = 40,
    organizations: Annotated[
        int | None,
        typer.Option(help="Organizations of each tenant; two to four unless said.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="What makes this world different from another.")] = 1,
    listen: Annotated[str, typer.Option(help="Where to serve.", metavar="HOST:PORT")] = "127.0.0.1:9898",
    plan_interval: Annotated[
        str,
        typer.Option(help="Time between two sessions of a user; shorter means faster.", metavar="DURATION"),
    ] = "30m",
    broken: Annotated[int, typer.Option(help="How many tenants are broken.")] = 0,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="Let a tenant, or one of the last, misbehave in this way from the start; may come again.",
            metavar="[TENANT=]FAULT",
            show_default=False,
        ),
    ] = None,
    list_faults: Annotated[  # noqa: ARG001, FBT002 - its callback has done all
        bool,
        typer.Option(
            "--list-faults", help="Show all faults and leave.", is_eager=True, callback=_list_faults
        ),
    ] = False,
    retry_after: Annotated[
        str, typer.Option(help="For how long a panel asks for patience.", metavar="DURATION")
    ] = "30s",
    https: Annotated[
        list[str] | None,
        typer.Option(
            help="Serve by TLS too, with the certificate and key in this file; may come again.",
            metavar="PORT=FILE",
            show_default=False,
        ),
    ] = None,
    breaks: Annotated[
        list[str] | None,
        typer.Option(
            "--break",
            help="Let the largest organization of a tenant fail for this class from the start; may come again.",
            metavar="TENANT=CLASS",
            show_default=False,
        ),
    ] = None,
    page_size: Annotated[int, typer.Option(help="Rows on a page at most.")] = 200,
    fleet: Annotated[
        Path | None,
        typer.Option(
            help="Write a configuration that watches these tenants, and its secret beside it.", metavar="FILE"
        ),
    ] = None,
    poll_interval: Annotated[
        str, typer.Option(help="How often that configuration polls.", metavar="DURATION")
    ] = "15s",
    format_: Annotated[
        Format, typer.Option("--format", help="How that configuration reads the panels.")
    ] = Format.JSON,
    exports: Annotated[
        Path | None,
        typer.Option(
            help="Write the CSV exports of some tenants to this folder; the configuration reads these there.",
            metavar="FOLDER",
        ),
    ] = None,
    exported: Annotated[int, typer.Option(help="How many tenants are exported to it.")] = 0,
    export_interval: Annotated[
        str, typer.Option(help="Time between two exports.", metavar="DURATION")
    ] = "15s",
) -> None:
    """Serve simulated panels: users whose states evolve, their CSV exports, faults, /truth, and POST /control/..."""
    try:
        where: Address = address(listen)
        options = Options(
            tenants=tenants,
            users=users,
            organizations=organizations,
            seed=seed,
            host=where.host,
            port=where.port,
            plan_interval=round(seconds(plan_interval)),
            broken=broken,
            breaks={tenant: class_ for tenant, _, class_ in (each.partition("=") for each in breaks or ())},
            page_size=page_size,
            format=format_,
            exports=exports,
            exported=exported,
            export_interval=seconds(export_interval),
            retry_after=round(seconds(retry_after)),
            https={int(port): Path(file) for port, _, file in (each.partition("=") for each in https or ())},
        ).with_faults(fault or ())
        seconds(poll_interval)
    except ValueError as error:
        fail(str(error), 2)
    try:
        asyncio.run(_serve(options, fleet, poll_interval))
    except OSError as error:
        what = f"write {error.filename}" if error.filename else f"serve on {listen}"
        fail(f"cannot {what}: {(error.strerror or type(error).__name__).lower()}")


async def _serve(options: Options, fleet: Path | None, poll_interval: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def started(base_url: str) -> None:
        if fleet is not None:
            write_fleet(fleet, options, base_url, poll_interval=poll_interval)
        print(
            f"{options.tenants} panels at {base_url}/{options.tenant_ids[0]} ..., the truth at {base_url}/truth",
            flush=True,
        )

    await serve(options, stop=stop, started=started)
