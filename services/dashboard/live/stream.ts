/** Server-sent events: the machines of the session's project, each time that they have changed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '#shared/errors/fault.ts';
import type { Bytes } from '#shared/http/bytes.ts';
import type { Change, Dashboard } from '../context.ts';
import { listMachines } from '../machines/operations.ts';
import { checkToken, type Session } from '../sessions/operations.ts';

/** At most one list per page and second, however much happens. */
const shortestMs = 1_000;

export function machineEvents(dashboard: Dashboard, session: Session, signal: AbortSignal): Bytes {
  const ending = AbortSignal.any([signal, dashboard.live.closing]);
  const texts = events(dashboard, session, ending);
  return {
    read: async () => {
      const { value, done } = await texts.next();
      return done ? undefined : Buffer.from(value);
    },
    close: async () => void (await texts.return(undefined)),
  };
}

async function* events(dashboard: Dashboard, session: Session, signal: AbortSignal): AsyncGenerator<string, void> {
  const { config, live, log } = dashboard;
  let shown = '';
  let change: Change = 'machines';
  yield 'retry: 3000\n\n';
  while (!signal.aborted) {
    const next = Promise.withResolvers<Change>();
    const off = live.onChange(next.resolve); // before the list is read, so that no change is missed
    try {
      if (change === 'tokens') await checkToken(dashboard, session);
      const text = JSON.stringify({ machines: await listMachines(session) });
      yield text === shown ? ': still here\n\n' : `event: machines\ndata: ${text}\n\n`;
      shown = text;
    } catch (error) {
      if (error instanceof Fault && error.status === 401) return void (yield 'event: ended\ndata: {}\n\n');
      log.warn({ error }, 'an open page was not brought up to date');
    }
    const isChanging = shown.includes('"state":"creating"'); // its steps are not notified
    change = await nextChange(next.promise, isChanging ? shortestMs : config.refreshMs, signal).finally(off);
  }
}

/** Not before `shortestMs`, unless a token was revoked. */
async function nextChange(changed: Promise<Change>, ms: number, signal: AbortSignal): Promise<Change> {
  const began = performance.now();
  const pause = (pauseMs: number) =>
    sleep(pauseMs, 'machines' as const, { signal, ref: false }).catch(() => 'machines' as const);
  const change = await Promise.race([changed, pause(ms)]);
  if (change === 'machines') await pause(Math.max(0, began + shortestMs - performance.now()));
  return change;
}
