/**
 * Which management node leads: its database server accepts writes, and it has the address of the cloud. The leader is a row in the
 * cluster's own database, and a claim of it is a transaction, so that a node without a majority can neither become nor stay
 * leader: its server refuses all statements. No clock is involved.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { within } from '#shared/clock/within.ts';
import type { Log } from '#shared/log/log.ts';
import type { DatabaseUser } from '../split/mariadb.ts';

export interface ElectionOptions {
  /** The address of this node. */
  readonly address: string;
  readonly socket: string;
  readonly administrator: DatabaseUser;
  /** Addresses of all management nodes, the oldest first. */
  readonly peers: () => readonly string[];
  /** Called about twice a second, with whether this node leads now. */
  readonly onState: (leads: boolean) => Promise<void>;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

export interface ClusterState {
  /** In the majority, and in step with it. */
  readonly isReady: boolean;
  /** Addresses of the servers in this server's component. */
  readonly members: readonly string[];
  readonly lastCommitted: number;
}

const tickMs = 500;
/** A server that takes longer is treated as one without a majority. */
const answerMs = 2_000;

export function runElection(options: ElectionOptions) {
  const { onState, log } = options;
  const closing = new AbortController();
  let connection: Connection | undefined;
  let leads = false;

  const look = async (): Promise<boolean> => {
    connection ??= await connectTo(options);
    return takePart(connection, options);
  };
  const leave = () => {
    connection?.destroy(); // ends what it still waits for, too
    connection = undefined;
  };
  const tick = async () => {
    const answer = await within(
      answerMs,
      look().catch(() => undefined),
    );
    if (answer === undefined) leave();
    const leadsNow = answer ?? false;
    if (leadsNow !== leads) log.info({ leads: leadsNow }, leadsNow ? 'this node leads' : 'this node does not lead');
    leads = leadsNow;
    await onState(leads);
  };
  const loop = async () => {
    while (!closing.signal.aborted) {
      await tick().catch((error) => log.warn({ error }, 'the election failed'));
      await sleep(tickMs, undefined, { signal: closing.signal }).catch(() => {});
    }
    leave();
    await onState(false);
  };
  const ended = loop();
  const close = () => {
    closing.abort();
    return ended;
  };
  return { close };
}

const connectTo = ({ socket, administrator: { name, password } }: ElectionOptions): Promise<Connection> =>
  createConnection({ socketPath: socket, user: name, password, connectTimeout: 1_000 });

/** Returns whether this node leads. Sets its server read-only unless it does. */
async function takePart(db: Connection, { address, peers }: ElectionOptions): Promise<boolean> {
  const state = await clusterState(db);
  if (!state.isReady) {
    await db.query('SET GLOBAL read_only = ON'); // it may come back to a cluster that has another writer
    return false;
  }
  await weigh(db, address, peers());
  const leader = await findLeader(db);
  const isOwn = leader?.address === address;
  const mayClaim = !isOwn && !(leader && state.members.includes(leader.address));
  const leads = isOwn || (mayClaim && (await claim(db, address, leader?.term ?? 0)));
  if (leads) await db.query('SET SESSION wsrep_sync_wait = 1'); // the next read waits for what was committed before
  await setWritable(db, leads);
  return leads;
}

export async function clusterState(db: Connection): Promise<ClusterState> {
  const names = ['ready', 'cluster_status', 'local_state', 'incoming_addresses', 'last_committed'];
  const [rows] = await db.query<RowDataPacket[]>(
    `SHOW GLOBAL STATUS WHERE Variable_name IN (${names.map((name) => `'wsrep_${name}'`).join(', ')})`,
  );
  const of = Object.fromEntries(rows.map((row) => [row.Variable_name, row.Value])) as Record<string, string>;
  const inStep = ['2', '4'].includes(of.wsrep_local_state ?? ''); // a donor is in step too
  const isReady = of.wsrep_ready === 'ON' && of.wsrep_cluster_status === 'Primary' && inStep;
  const members = (of.wsrep_incoming_addresses ?? '').split(',').map((each) => each.replace(/:\d+$/, ''));
  return { isReady, members, lastCommitted: Number(of.wsrep_last_committed) };
}

interface Leader {
  readonly address: string;
  readonly term: number;
}

const missingTable = new Set(['ER_NO_SUCH_TABLE', 'ER_BAD_DB_ERROR']);

async function findLeader(db: Connection): Promise<Leader | undefined> {
  try {
    const [[row]] = await db.query<RowDataPacket[]>('SELECT address, term FROM wattle_election.leader WHERE id = 1');
    return row && { address: String(row.address), term: Number(row.term) };
  } catch (error) {
    if (missingTable.has((error as { code?: string }).code ?? '')) return undefined;
    throw error;
  }
}

/** Of concurrent claims one is committed. */
async function claim(db: Connection, address: string, term: number): Promise<boolean> {
  await db.query('CREATE SCHEMA IF NOT EXISTS wattle_election');
  await db.query(
    'CREATE TABLE IF NOT EXISTS wattle_election.leader (id INT PRIMARY KEY, address VARCHAR(64) NOT NULL, term BIGINT NOT NULL)',
  );
  await db.query("INSERT IGNORE INTO wattle_election.leader VALUES (1, '', 0)");
  const change = 'UPDATE wattle_election.leader SET address = ?, term = term + 1 WHERE id = 1 AND term = ?';
  const [{ affectedRows }] = (await db.query(change, [address, term])) as unknown as [{ affectedRows: number }];
  return affectedRows === 1;
}

async function setWritable(db: Connection, wanted: boolean): Promise<void> {
  const [[row]] = await db.query<RowDataPacket[]>('SELECT @@global.read_only AS isReadOnly');
  if (Number(row?.isReadOnly) === (wanted ? 0 : 1)) return;
  if (wanted) await findLeader(db);
  await db.query(`SET GLOBAL read_only = ${wanted ? 'OFF' : 'ON'}`);
}

/** Of two servers the older one goes on alone. With three or more any majority does. */
async function weigh(db: Connection, address: string, peers: readonly string[]): Promise<void> {
  const wanted = peers.length === 2 && peers[0] === address ? 2 : 1;
  const [[row]] = await db.query<RowDataPacket[]>('SELECT @@wsrep_provider_options AS options');
  const current = Number(/pc\.weight = (\d+)/.exec(String(row?.options))?.[1] ?? 1);
  if (current !== wanted) await db.query(`SET GLOBAL wsrep_provider_options = 'pc.weight=${wanted}'`);
}
