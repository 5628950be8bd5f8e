/** Rows of the registry: nodes, join tokens and the settings of the cloud, in a schema of their own. */
import type { Knex } from 'knex';
import { ensureTable, type Migration, migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import type { NodeRoleName } from '../node-roles.ts';
import type { NodeReport, NodeSpec, SettingsDocument } from './protocol.ts';

export interface NodeRow extends NodeSpec {
  /** Hexadecimal, of its valid certificate. */
  readonly serial: string;
  /** Of the one before, until the node has used the new one. */
  readonly formerSerial?: string;
  /** The digest of its public key. */
  readonly keyDigest: string;
  readonly joinedAt: number;
  readonly seenAt: number;
  readonly bootId: string;
  /** The one before `bootId`. */
  readonly formerBootId: string;
  readonly report: NodeReport;
  /** Gets nothing new: its services are disabled, its devices have no weight, and the router is elsewhere if it can. */
  readonly drained?: boolean;
  readonly drainedAt?: number;
}

export interface TokenRow {
  readonly id: string;
  /** The SHA-256 of a secret of 32 random bytes. */
  readonly secretHash: string;
  readonly roles: readonly NodeRoleName[];
  readonly uses: number;
  readonly expiresAt: number;
}

const migrations: readonly Migration[] = [
  {
    name: '001-registry',
    up: async (tx) => {
      await ensureTable(tx, 'nodes', (t) => {
        t.string('name', 64).primary();
        t.string('hostId', 36).notNullable().unique();
        t.text('document').notNullable();
      });
      await ensureTable(tx, 'join_tokens', (t) => {
        t.string('id', 16).primary();
        t.string('secretHash', 64).notNullable();
        t.text('roles').notNullable();
        t.integer('uses').notNullable();
        t.bigInteger('expiresAt').notNullable();
      });
      await ensureTable(tx, 'token_uses', (t) => {
        t.string('tokenId', 16).notNullable();
        t.string('hostId', 36).notNullable();
        t.string('keyDigest', 64).notNullable();
        t.primary(['tokenId', 'hostId']);
      });
      await ensureTable(tx, 'cloud_settings', (t) => {
        t.integer('id').primary();
        t.text('document').notNullable();
      });
    },
  },
];

export type Registry = Awaited<ReturnType<typeof openRegistry>>;

export async function openRegistry(url: string) {
  const db = openDatabase(url);
  await migrate(db, migrations);
  return { ...nodesIn(db), ...tokensIn(db), ...settingsIn(db), close: () => db.destroy() };
}

interface DocumentRow {
  readonly document: string;
}

function nodesIn(db: Knex) {
  const parsed = ({ document }: DocumentRow) => JSON.parse(document) as NodeRow;
  return {
    listNodes: async (): Promise<NodeRow[]> =>
      (await db<DocumentRow>('nodes').orderBy('name').select('document')).map(parsed),
    findNode: async (by: { name: string } | { hostId: string }): Promise<NodeRow | undefined> => {
      const row = await db('nodes').where(by).first<DocumentRow | undefined>('document');
      return row && parsed(row);
    },
    saveNode: async (node: NodeRow): Promise<void> => {
      const { name, hostId } = node;
      const document = JSON.stringify(node);
      await db('nodes').insert({ name, hostId, document }).onConflict('name').merge({ hostId, document });
    },
    deleteNode: async (name: string): Promise<void> => {
      await db('nodes').where({ name }).delete();
    },
  };
}

function tokensIn(db: Knex) {
  return {
    insertToken: async (token: TokenRow): Promise<void> => {
      await db('join_tokens').insert({ ...token, roles: JSON.stringify(token.roles) });
    },
    findToken: async (id: string): Promise<TokenRow | undefined> => {
      const row = await db('join_tokens')
        .where({ id })
        .first<(Omit<TokenRow, 'roles'> & { roles: string }) | undefined>();
      return row && { ...row, expiresAt: Number(row.expiresAt), roles: JSON.parse(row.roles) as NodeRoleName[] };
    },
    /** Counts a use of the token by a host and its key. The same host may repeat it. Returns false when none is left. */
    useToken: ({ id, uses }: TokenRow, hostId: string, keyDigest: string): Promise<boolean> =>
      db.transaction(async (tx) => {
        await tx('join_tokens').where({ id }).forUpdate().first('id');
        const used = await tx('token_uses').where({ tokenId: id }).select<{ hostId: string; keyDigest: string }[]>();
        const own = used.find((use) => use.hostId === hostId);
        if (own) return own.keyDigest === keyDigest;
        if (used.length >= uses) return false;
        await tx('token_uses').insert({ tokenId: id, hostId, keyDigest });
        return true;
      }),
    /** Gives a use back when the host was refused after it. */
    returnUse: async ({ id }: TokenRow, hostId: string): Promise<void> => {
      await db('token_uses').where({ tokenId: id, hostId }).delete();
    },
    deleteTokensExpiredBefore: async (time: number): Promise<void> => {
      const expired = db('join_tokens').where('expiresAt', '<', time);
      await db('token_uses').whereIn('tokenId', expired.clone().select('id')).delete();
      await expired.delete();
    },
  };
}

function settingsIn(db: Knex) {
  return {
    findSettings: async (): Promise<SettingsDocument | undefined> => {
      const row = await db('cloud_settings').where({ id: 1 }).first<DocumentRow | undefined>('document');
      return row && (JSON.parse(row.document) as SettingsDocument);
    },
    /** Changes the settings by a function, which returns undefined for no change; one such change at a time. */
    updateSettings: (change: (settings: SettingsDocument) => SettingsDocument | undefined): Promise<void> =>
      db.transaction(async (tx) => {
        const row = await tx('cloud_settings').where({ id: 1 }).forUpdate().first<DocumentRow | undefined>('document');
        const next = row && change(JSON.parse(row.document) as SettingsDocument);
        if (next)
          await tx('cloud_settings')
            .where({ id: 1 })
            .update({ document: JSON.stringify(next) });
      }),
    saveSettings: async (settings: SettingsDocument): Promise<void> => {
      const document = JSON.stringify(settings);
      await db('cloud_settings').insert({ id: 1, document }).onConflict('id').merge({ document });
    },
  };
}
