/** Signals to other processes. kill(2) takes 0 for the own process group and -1 for every process; neither is ever meant here. */

/** Sends a signal to one process. Throws RangeError for a pid that names none or several, ESRCH when the process has ended. */
export function sendSignal(pid: number | undefined, name: NodeJS.Signals): void {
  process.kill(checkPid(pid), name);
}

/** Sends a signal to all processes of the group that `pid` leads; throws as `sendSignal`. */
export function sendSignalToGroup(pid: number | undefined, name: NodeJS.Signals): void {
  process.kill(-checkPid(pid), name);
}

function checkPid(pid: number | undefined): number {
  if (pid === undefined || !Number.isSafeInteger(pid) || pid < 2)
    throw new RangeError(`no process can be signalled as pid ${pid}`);
  return pid;
}
