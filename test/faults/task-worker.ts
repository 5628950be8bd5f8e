/**
 * A runner of tasks as a process of its own, with a clock of its own. Its one step says that it began, waits until the row
 * `go` is there, then writes; a task that ended leaves `done`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '#shared/db/open.ts';
import { silentLog } from '#shared/log/log.ts';
import { startRunner } from '#shared/workflow/runner.ts';
import { step, type Workflow } from '#shared/workflow/workflow.ts';

export interface WorkerOptions {
  readonly url: string;
  readonly owner: string;
  readonly leaseMs: number;
  /** How far its wall clock is ahead of that of others; negative: behind. */
  readonly aheadMs?: number;
}

export interface WorkerFault {
  /** Sets its wall clock. */
  readonly stepMs?: number;
  /** Its event loop stands still for so long. */
  readonly blockMs?: number;
}

const { url, owner, leaseMs, aheadMs = 0 } = JSON.parse(process.argv[2] ?? '{}') as WorkerOptions;
const realNow = Date.now;
let wallMs = aheadMs;
Date.now = () => realNow() + wallMs;
process.on('message', ({ stepMs = 0, blockMs = 0 }: WorkerFault) => {
  wallMs += stepMs;
  for (const end = performance.now() + blockMs; performance.now() < end; ); // nothing else runs meanwhile
});

const db = openDatabase(url);
const isThere = (what: string) => db('marks').where({ what }).first();
const mark = (tx: typeof db, what: string) => tx('marks').insert({ owner, what });
const work: Workflow<object, object> = {
  name: 'work',
  deadlineMs: 3_600_000,
  steps: [
    step('write', async (_service, _params, run) => {
      await mark(db, 'begun');
      while (!(await isThere('go')) && !run.signal.aborted) await sleep(10);
      await run.commit((tx) => mark(tx, 'written').then(() => {}));
    }),
  ],
  done: (tx) => mark(tx, 'done').then(() => {}),
  failed: (tx, _params, _run, reason) => mark(tx, `failed: ${reason}`).then(() => {}),
};
await startRunner({
  ...{ db, owner, leaseMs, service: {}, log: silentLog(), limit: 5, backoffMs: 20, pollMs: 20 },
  workflows: [work],
});
process.send?.('ready');
