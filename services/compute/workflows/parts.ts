/** Steps and endings of the tasks that attach a disk or a NIC to a server, or detach it. */
import type { Knex } from 'knex';
import { conflict } from '#shared/errors/fault.ts';
import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import type { Run } from '#shared/workflow/workflow.ts';
import type { Compute } from '../context.ts';
import { endAction } from '../instance-actions/store.ts';
import type { Part, PartTable } from '../server-parts/store.ts';
import { ensureGuestAsRows, getServerNotDeleting, type OnServer } from './guest.ts';

interface Definition<On extends OnServer, Row extends Part> {
  readonly table: PartTable<Row>;
  /** As a Fault names it: `Attachment`. */
  readonly noun: string;
  idOf(on: On): string;
  /** Saves on the server's row what lists show of its parts. */
  save(tx: Knex, on: On): Promise<void>;
}

export function partSteps<On extends OnServer, Row extends Part>(definition: Definition<On, Row>) {
  const { table, noun, idOf, save } = definition;
  const withState = (state: Part['state']) => async (compute: Compute, on: On, run: Run) => {
    await run.commit((tx) => table.change(tx, idOf(on), { state } as Partial<Row>));
    await ignoreHostAway(ensureGuestAsRows(compute, on, run));
  };
  const ending =
    (end: (tx: Knex, on: On, run: Run) => Promise<void>) => async (tx: Knex, on: On, run: Run, problem?: string) => {
      await end(tx, on, run);
      await save(tx, on);
      await endAction(tx, run, problem);
    };
  return {
    /** The row; a Fault when it was removed with its server. */
    get: async ({ db }: Compute, on: On): Promise<Row> => {
      const row = await table.find(db, idOf(on));
      if (!row) throw conflict(`${noun} ${idOf(on)} is gone with its server.`);
      return row;
    },
    /** Sets the row first, so that the guest's spec is without the part. */
    unplug: withState('detaching'),
    plugAgain: withState('attached'),
    ensureUnplugged: async (compute: Compute, on: On, run: Run) => {
      await getServerNotDeleting(compute, on);
      await ensureGuestAsRows(compute, on, run);
    },
    becomeAttached: ending((tx, on, { taskId }) =>
      table.release(tx, { id: idOf(on), taskId }, { state: 'attached' } as Partial<Row>),
    ),
    becomeNothing: ending((tx, on) => table.remove(tx, idOf(on))),
  };
}
