"""Starts everything in the order that is quickest, watches it, and stops it."""

import os
import time
from collections.abc import Callable

from portal.up import (
    broker,
    database,
    interruption,
    keys,
    leftovers,
    options,
    portal_processes,
    preparation,
    processes,
    say,
    surroundings,
    tracking,
)
from portal.up.options import Options
from portal.up.processes import Child
from portal.up.trouble import Trouble

ENGINES = ("postgres", "valkey")


class Supervisor:
    """One run of everything on this machine."""

    def __init__(self, chosen: Options) -> None:
        self.chosen = chosen
        self.home = chosen.home
        self.children: list[Child] = []
        self.begun = time.monotonic()
        self.values: dict[str, str] = {}
        self.mlflow_begun: float | None = None

    def run(self) -> None:
        """Start, watch until told to stop or until something dies, and stop; leaves no process."""
        self.home.prepare()
        self._lock()
        try:
            self._start()
            self._watch()
        finally:
            self._stop()

    def _lock(self) -> None:
        address = f"http://localhost:{self.chosen.port}"
        self.home.lock(
            f"process {os.getpid()}, {address}",
            f"Signet is already running on the state folder {self.home.root} ({{holder}}). "
            "Stop it with Ctrl-C in its terminal, or start a second one beside it "
            "with SIGNET_HOME, PORT and MLFLOW_PORT set to others.",
        )

    def _start(self) -> None:
        left = leftovers.sweep(self.home)
        if left:
            say.line(f"  ! An earlier run was killed; stopped what it left: {', '.join(left)}.")
        options.check_port("PORT", self.chosen.port)
        if self.chosen.own_mlflow:
            options.check_port("MLFLOW_PORT", self.chosen.mlflow_port)
        self.values = surroundings.make(self.chosen)
        env = surroundings.check(self.values)
        surroundings.check_own_servers(self.chosen, env)
        surroundings.write(self.home, self.values)
        self._start_engines()
        self._prepare()
        self._start_portal()
        self._report()

    def _start_engines(self) -> None:
        if self.chosen.needs_postgres:
            with say.step("PostgreSQL"):
                self.children.append(database.start(self.home))
                database.bootstrap(self.home)
        if self.chosen.own_mlflow:
            # The slowest of all: it starts now and is waited for at the end.
            key = keys.kept(self.home)["MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"]
            self.children.append(tracking.start(self.home, self.chosen.mlflow_port, key))
            self.mlflow_begun = time.monotonic()
        if self.chosen.own_broker:
            with say.step("Valkey"):
                self.children.append(broker.start(self.home))
        interruption.check()

    def _prepare(self) -> None:
        with say.step("Database tables"):
            preparation.migrate(self.home, self.values)
        with say.step("Static files"):
            preparation.collect_static(self.home, self.values)
        if self.chosen.demo and not (self.home.root / "demo.mark").exists():
            self._wait_for_mlflow()
            say.line("  … Demo data: real models trained on real data, once (about a minute)")
            begun = time.monotonic()
            preparation.load_demo(self.home, self.values)
            say.tick("Demo data", time.monotonic() - begun)

    def _start_portal(self) -> None:
        begun = time.monotonic()
        # Loading the demo takes long enough for another program to have taken the port.
        options.check_port("PORT", self.chosen.port)
        web, *others = portal_processes.start(self.home, self.chosen.port, self.values)
        self.children += [web, *others]
        self._wait_for_mlflow()
        answer = ["nothing yet"]

        def ready() -> bool:
            good, answer[0] = portal_processes.readiness(self.chosen.port)
            return good and portal_processes.listens(web, self.chosen.port)

        self._wait_for(ready, 90, lambda: f"The portal is not ready after 90 s: {answer[0]}")
        say.tick("Web server, worker and clock", time.monotonic() - begun)

    def _wait_for_mlflow(self) -> None:
        address = self.values["MLFLOW_TRACKING_URI"]
        if not self.chosen.own_mlflow or self.mlflow_begun is None:
            return
        self._wait_for(
            lambda: tracking.answers(address), 180, lambda: "MLflow does not answer after 180 s."
        )
        say.tick("MLflow", time.monotonic() - self.mlflow_begun)
        self.mlflow_begun = None

    def _wait_for(
        self, check: Callable[[], bool], seconds: float, complaint: Callable[[], str]
    ) -> None:
        deadline = time.monotonic() + seconds
        while not check():
            self._check_alive()
            if time.monotonic() > deadline:
                raise Trouble(f"{complaint()} The logs are in {self.home.logs}.")
            time.sleep(0.1)

    def _check_alive(self) -> None:
        interruption.check()
        dead = [child for child in self.children if child.dead]
        if dead:
            words = "\n".join(child.obituary() for child in dead)
            raise Trouble(
                f"{words}\nEverything else was stopped, and nothing is lost: correct the cause "
                "and start again with `make run`."
            )

    def _watch(self) -> None:
        while True:
            self._check_alive()
            time.sleep(0.25)

    def _stop(self) -> None:
        engines = [child for child in self.children if child.name in ENGINES]
        others = [child for child in self.children if child.name not in ENGINES]
        if self.children:
            say.line("\nStopping …")
        processes.stop(others, hurry=interruption.times)
        # The databases last: the others write their last rows into them.
        processes.stop(engines, seconds=20)
        if self.children:
            say.line("Stopped. The state is kept in " + str(self.home.root))

    def _report(self) -> None:
        home, values = self.home.root, self.values
        rows = [
            ("Portal", values["PORTAL_URL"]),
            ("MLflow", values.get("MLFLOW_PUBLIC_URL") or values["MLFLOW_TRACKING_URI"]),
        ]
        people = preparation.demo_people(values["DATABASE_URL"])
        if people:
            rows.append(("Sign in as", ", ".join(people)))
            rows.append(
                ("Password", f"{values['SIGNET_DEMO_PASSWORD']} (the same for all of them)")
            )
        elif preparation.is_deserted(values["DATABASE_URL"]):
            rows.append(("First admin", surroundings.first_admin(self.home)))
        rows += [
            ("State", f"{home} (remove this folder to begin anew)"),
            ("Logs", str(self.home.logs)),
            ("Stop", "Ctrl-C"),
        ]
        say.line(f"\nSignet is ready after {time.monotonic() - self.begun:.1f} s.\n")
        for name, value in rows:
            say.line(f"  {name:<12}{value}")
        say.line()
