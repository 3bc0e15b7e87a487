"""Doing jobs: a few at a time, each under a lease that is prolonged while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from lma.registry.errors import RegistryError
from lma.registry.jobs import LEASE_S, Job, Jobs

AT_ONCE: Final = 4
POLL_S: Final = 1.0
JOB_S: Final = 300.0

Run = Callable[[Job], Awaitable[float | None]]
"""Does a job; returns after how many seconds to try again, ``None`` if it is over."""


@asynccontextmanager
async def working(jobs: Jobs, run: Run) -> AsyncIterator[None]:
    """Do jobs while the block lasts; at its end those under way are cut off, and their leases run out."""
    worker = asyncio.create_task(_work(jobs, run))
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.wait([worker])


async def _work(jobs: Jobs, run: Run) -> None:
    """Start what is due; look again when something is submitted here, and now and then for what others left."""
    places = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as group:
        while True:
            jobs.submitted.clear()
            try:
                await places.acquire()
                job = await jobs.claim()
                if job is not None:
                    group.create_task(_do(jobs, job, run)).add_done_callback(lambda _: places.release())
                    continue
                places.release()
            except RegistryError as error:
                places.release()
                structlog.get_logger().error("jobs not reached", cause=error.message)
            with suppress(TimeoutError):
                await asyncio.wait_for(jobs.submitted.wait(), POLL_S)


async def _do(jobs: Jobs, job: Job, run: Run) -> None:
    error, again_s = "", None
    work = asyncio.create_task(_bounded(run, job))
    keeper = asyncio.create_task(_hold(jobs, job, work))
    try:
        again_s = await work
    except asyncio.CancelledError:
        if work.cancelled() and not _is_cancelling():
            return  # the lease was lost: somebody else does it now
        work.cancel()
        raise
    except TimeoutError:
        error = f"not done within {JOB_S:.0f} s"
    except RegistryError as failure:
        error = failure.message
    except Exception as failure:  # noqa: BLE001  one job's surprise must not end the worker
        structlog.get_logger().error("job failed", job=str(job.id), kind=job.kind, exc_info=failure)
        error = f"internal error: {type(failure).__name__}"
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper
    try:
        if again_s is not None:
            await jobs.put_off(job, again_s, error)
        else:
            await jobs.finish(job, error)
    except RegistryError as failure:
        structlog.get_logger().error("job not noted", job=str(job.id), cause=failure.message)


async def _bounded(run: Run, job: Job) -> float | None:
    async with asyncio.timeout(JOB_S):
        return await run(job)


def _is_cancelling() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _hold(jobs: Jobs, job: Job, work: asyncio.Task[float | None]) -> None:
    """Prolong the lease; work that lost it is ended, for somebody else does it now."""
    while True:
        await asyncio.sleep(LEASE_S / 3)
        with suppress(RegistryError):
            if not await jobs.prolong(job):
                work.cancel()
                return
