"""Keeps the current release running: starts it, watches over it, starts it again, goes back to the one before.

    stopped -> running -> (ended by itself, or hanging) -> waiting -> running ...
    running, on trial -> well: confirmed;  not well: the release before it
"""

import signal

from edgeio import iosched

from .health import Trial
from .process import AppProcess

FIRST_PAUSE, LONGEST_PAUSE = 1000, 30000
"""Milliseconds before an app that ended is started again: doubled each time, until it has run for LONGEST_PAUSE."""

LOOK = 250
"""Milliseconds between two looks at when the loop last turned."""


class Supervisor:
    """Runs what `releases` says. log: where the app's output goes. restarts: how often it had to be started again.

    state: 'stopped', 'running', 'stopping' or 'waiting'; problem: why the last run ended (str), or None.
    """

    def __init__(self, profile, releases, log):
        self.profile, self.releases, self.log = profile, releases, log
        self.process = None
        self.state = 'stopped'
        self.restarts = 0
        self.problem = None
        self._trial = None
        self._verdicts = []  # of whoever waits for the trial's end: verdict(error)
        self._then = None  # what follows once the process has ended
        self._pause = FIRST_PAUSE
        self._timer = None
        self._looking = None

    # -- what the owner calls ------------------------------------------------------------------------------------

    def begin(self):
        """At the agent's start: runs the app, where it is to run."""
        if self.releases.wanted and self.releases.current:
            self._run()

    def start(self):
        """Runs the app; fine where it runs."""
        self.releases.set_wanted(True)
        if self.state == 'waiting':
            iosched.clear_timeout(self._timer)
        if self.state in ('stopped', 'waiting'):
            self._run()

    def stop(self, then=None, keep=False):
        """Ends the app, then calls `then()`. keep: it is still wanted, and runs again when the agent does."""
        if not keep:
            self.releases.set_wanted(False)
        self._end_trial('it was stopped')
        if self.state in ('running', 'stopping'):
            self.state = 'stopping'
            self._then = _both(self._then, then)
            self.process.stop()
        else:
            iosched.clear_timeout(self._timer)
            self.state = 'stopped'
            if then:
                then()

    def restart(self, then=None):
        """Ends the app and starts it."""
        self.stop(_both(self.start, then), keep=True)

    def switch(self, release, verdict):
        """Runs `release` on trial. verdict(error): None, or why it is not well and the one before runs again."""

        def ended():
            self.releases.switch(release)
            self._verdicts.append(verdict)
            self._pause = FIRST_PAUSE
            self.start()

        self.stop(ended, keep=True)

    def await_verdict(self, verdict):
        """Calls `verdict(error)` at the end of the trial that is under way."""
        self._verdicts.append(verdict)
        self.start()

    def roll_back(self, then=None):
        """Runs the release before this one."""

        def ended():
            if self.releases.roll_back():
                self.start()
            if then:
                then()

        self.stop(ended, keep=True)

    # -- the process ---------------------------------------------------------------------------------------------

    def _run(self):
        releases = self.releases
        if not releases.begin_try():
            self.log.note(f'{releases.current} was started several times without being found well')
            self._go_back('it was started several times without being found well')
            return
        self.state = 'running'
        self.log.note(f'starting {releases.current}')
        folder = releases.app_folder(releases.current)
        try:
            self.process = AppProcess(folder, self.profile, self.log.add, self._on_end)
        except OSError as exc:
            self.process = None
            self._fell(f'it cannot be started: {exc}')
            return
        self._looking = iosched.set_interval(self._look, LOOK)
        if releases.on_trial:
            profile = self.profile
            self._trial = Trial(profile['port'], profile['start_ms'], profile['trial_ms'], self._judge)

    def _look(self):
        """Has the loop turned lately?"""
        process, now = self.process, iosched.monotonic_ms()
        since, limit = process.started, self.profile['start_ms']
        if process.beat is not None:
            since, limit = process.beat, self.profile['watchdog_ms']
        if self.state == 'running' and now - since > limit:
            iosched.clear_interval(self._looking)
            self.problem = f'its loop has not turned for {now - since} ms'
            self.log.note(self.problem + ': ending it')
            process.abort()

    def _on_end(self, code):
        iosched.clear_interval(self._looking)
        process, self.process = self.process, None
        if self.state == 'stopping':
            self.log.note('stopped')
            self.state = 'stopped'
            then, self._then = self._then, None
            if then:
                then()
            return
        how = f'signal {signal.Signals(-code).name}' if code < 0 else f'exit code {code}'
        hung, self.problem = self.problem, None
        if iosched.monotonic_ms() - process.started > LONGEST_PAUSE:
            self._pause = FIRST_PAUSE
        self._fell(hung or f'it ended by itself, {how}')

    def _fell(self, problem):
        self.problem = problem
        self.log.note(problem)
        if self._trial is not None:
            self._trial.fail(problem)
        else:
            self._start_later()

    def _start_later(self):
        self.state = 'waiting'
        self.restarts += 1
        self._timer = iosched.set_timeout(self._run, self._pause)
        self._pause = min(LONGEST_PAUSE, self._pause * 2)

    # -- the trial -----------------------------------------------------------------------------------------------

    def _judge(self, error):
        self._trial = None
        if error is None and self.process.beat is None:
            error = 'its loop gave no sign of life'
        if error is None:
            self.problem = None
            self.releases.confirm()
            self.log.note(f'{self.releases.current} is well')
            self._tell(None)
        elif self.process is None:
            self._go_back(error)
        else:
            self.state = 'stopping'
            self._then = lambda: self._go_back(error)
            self.process.stop()

    def _go_back(self, error):
        failed, fallback = self.releases.current, self.releases.roll_back()
        self.state = 'stopped'
        self.problem = f'{failed} was not well: {error}'
        self.log.note(f'{self.problem}; ' + (f'back to {fallback}' if fallback else 'there is none to go back to'))
        if fallback:
            self._pause = FIRST_PAUSE
            self._run()
        self._tell(error)

    def _end_trial(self, error):
        trial, self._trial = self._trial, None
        if trial is not None:
            trial.cancel()
            self._tell(error)

    def _tell(self, error):
        verdicts, self._verdicts = self._verdicts, []
        for verdict in verdicts:
            verdict(error)


def _both(first, second):
    if first is None or second is None:
        return first or second
    return lambda: (first(), second())
