/** The tables of the disks and NICs of servers: each is a row of its own, which a task may own. */
import type { Knex } from 'knex';
import { rowsOf } from '#shared/db/json-columns.ts';
import type { Owned } from '#shared/states/owned.ts';

export interface Part extends Owned {
  readonly serverId: string;
  /** Its number among the parts of the server. */
  readonly place: number;
  readonly state: 'attaching' | 'attached' | 'detaching';
}

type Change<Row> = Partial<Omit<Row, 'id' | 'serverId'>>;

export type PartTable<Row extends Part> = ReturnType<typeof partTable<Row>>;

export function partTable<Row extends Part>(table: string, ...json: readonly (keyof Row & string)[]) {
  const rows = rowsOf<Row>(...json);
  const update = async (query: Knex.QueryBuilder, change: Change<Row>): Promise<void> => {
    await query.update(rows.write(change as Partial<Row>));
  };
  return {
    insert: async (tx: Knex, row: Row): Promise<void> => {
      await tx(table).insert(rows.write(row));
    },
    find: (db: Knex, id: string): Promise<Row | undefined> => rows.find(db(table).where({ id })),
    findBy: (db: Knex, by: Readonly<Record<string, string>>): Promise<Row | undefined> =>
      rows.find(db(table).where(by)),
    /** Those of a server, in the order of their numbers. */
    list: (db: Knex, serverId: string): Promise<Row[]> => rows.list(db(table).where({ serverId }).orderBy('place')),
    /** Those of many servers, by server. */
    ofServers: async (db: Knex, serverIds: readonly string[]): Promise<Map<string, Row[]>> => {
      const found: Row[] = [];
      for (let at = 0; at < serverIds.length; at += 500)
        found.push(
          ...(await rows.list(
            db(table)
              .whereIn('serverId', serverIds.slice(at, at + 500))
              .orderBy('place'),
          )),
        );
      return Map.groupBy(found, ({ serverId }) => serverId);
    },
    change: (tx: Knex, id: string, change: Change<Row>): Promise<void> => update(tx(table).where({ id }), change),
    /** False when it does not exist, is not attached, or another task owns it. */
    acquire: async (tx: Knex, { id, taskId }: Owned): Promise<boolean> =>
      (await tx(table).where({ id, taskId: null, state: 'attached' }).update({ taskId, state: 'detaching' })) > 0,
    /** The last change of the task that owns it. */
    release: async (tx: Knex, { id, taskId }: Owned, change: Change<Row>): Promise<void> => {
      await tx(table)
        .where({ id, taskId })
        .update({ ...rows.write(change as Partial<Row>), taskId: null });
    },
    remove: async (tx: Knex, id: string): Promise<void> => {
      await tx(table).where({ id }).delete();
    },
    removeOf: async (tx: Knex, serverId: string): Promise<void> => {
      await tx(table).where({ serverId }).delete();
    },
  };
}
