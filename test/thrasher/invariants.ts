/** What must hold when a cloud is idle after faults, as its APIs show it. */
import type { Session } from '#shared/clients/session.ts';
import { gone, here, type Records, readObject } from './load.ts';

interface ServerBody {
  readonly id: string;
  readonly status: string;
  readonly 'OS-EXT-STS:task_state': string | null;
  readonly fault?: { readonly message: string };
  readonly 'os-extended-volumes:volumes_attached': readonly { readonly id: string }[];
}

interface VolumeBody {
  readonly id: string;
  readonly status: string;
  readonly attachments: readonly { readonly server_id: string }[];
}

export interface State {
  readonly servers: readonly ServerBody[];
  readonly volumes: readonly VolumeBody[];
  readonly ports: readonly { readonly id: string; readonly device_id: string; readonly device_owner: string }[];
  /** Ids of the consumers of all hosts. */
  readonly consumers: readonly string[];
}

export async function stateOf(session: Session): Promise<State> {
  const get = <T>(type: Parameters<Session['json']>[0], path: string) => session.json<T>(type, path);
  const { servers } = await get<{ servers: ServerBody[] }>('compute', '/servers/detail');
  const { volumes } = await get<{ volumes: VolumeBody[] }>('volumev3', '/volumes/detail');
  const { ports } = await get<{ ports: State['ports'][number][] }>('network', '/v2.0/ports');
  const { resource_providers: hosts } = await get<{ resource_providers: { uuid: string }[] }>(
    'placement',
    '/resource_providers',
  );
  const held = await Promise.all(
    hosts.map(({ uuid }) => get<{ allocations: object }>('placement', `/resource_providers/${uuid}/allocations`)),
  );
  return { servers, volumes, ports, consumers: held.flatMap(({ allocations }) => Object.keys(allocations)) };
}

/** Names what is still changing; empty when the cloud is idle. */
export const unsettled = ({ servers, volumes }: State): string[] => [
  ...servers
    .filter((each) => each['OS-EXT-STS:task_state'] !== null || !['ACTIVE', 'SHUTOFF', 'ERROR'].includes(each.status))
    .map(({ id, status, 'OS-EXT-STS:task_state': task }) => `server ${id} is ${status}, task ${task}`),
  ...volumes
    .filter(({ status }) => !['available', 'in-use', 'error'].includes(status))
    .map(({ id, status }) => `volume ${id} is ${status}`),
];

/** One sentence for each broken promise. */
export async function violationsOf(session: Session, state: State, records: Records): Promise<string[]> {
  return [
    ...records.violations,
    ...presence(state, records),
    ...relations(state),
    ...(await objects(session, records)),
  ];
}

function presence({ servers, volumes }: State, records: Records): string[] {
  const of = (what: string, ids: readonly string[], ledger: Records['servers']) =>
    ledger
      .keys()
      .filter((id) => !ledger.allows(id, ids.includes(id) ? here : gone, gone))
      .map((id) => `${what} ${id} must be ${ledger.expected(id, gone).join(' or ')}`);
  const unknown = (what: 'servers' | 'volumes', ids: readonly string[]) => {
    const some = ids.filter((id) => !records[what].keys().includes(id));
    return some.length > records.unanswered[what] ? [`${what} that no client asked for: ${some}`] : [];
  };
  const silent = servers.filter(({ status, fault }) => status === 'ERROR' && !fault?.message);
  return [
    ...of(
      'server',
      servers.map(({ id }) => id),
      records.servers,
    ),
    ...of(
      'volume',
      volumes.map(({ id }) => id),
      records.volumes,
    ),
    ...unknown(
      'servers',
      servers.map(({ id }) => id),
    ),
    ...unknown(
      'volumes',
      volumes.map(({ id }) => id),
    ),
    ...silent.map(({ id }) => `server ${id} is in error without a cause`),
  ];
}

function relations({ servers, volumes, ports, consumers }: State): string[] {
  const ids = new Set(servers.map(({ id }) => id));
  const claimed = new Set(consumers);
  const ofServers = ports.filter(({ device_owner: owner }) => owner.startsWith('compute:'));
  const attached = servers.flatMap(({ id, 'os-extended-volumes:volumes_attached': some }) =>
    some.map((volume) => `${volume.id} at ${id}`),
  );
  const recorded = volumes.flatMap(({ id, attachments }) => attachments.map((each) => `${id} at ${each.server_id}`));
  const running = servers.filter(({ status }) => status !== 'ERROR');
  return [
    ...ofServers.filter((port) => !ids.has(port.device_id)).map(({ id }) => `port ${id} is of a server that is gone`),
    ...running
      .filter(({ id }) => ofServers.filter((port) => port.device_id === id).length !== 1)
      .map(({ id, status }) => `server ${id} (${status}) has not one port`),
    ...[...claimed].filter((id) => !ids.has(id)).map((id) => `allocation of ${id}, which is gone`),
    ...running
      .filter(({ id }) => !claimed.has(id))
      .map(({ id, status }) => `server ${id} (${status}) has no allocation`),
    ...recorded.filter((each) => !attached.includes(each)).map((each) => `only volume records ${each}`),
    ...attached.filter((each) => !recorded.includes(each)).map((each) => `only compute records ${each}`),
    ...volumes
      .filter(({ status, attachments }) => (status === 'in-use') !== attachments.length > 0 && status !== 'error')
      .map(({ id, status }) => `volume ${id} is ${status} against its attachments`),
  ];
}

async function objects(session: Session, { objects: ledger }: Records): Promise<string[]> {
  const all = await Promise.all(
    ledger.keys().map(async (path) => {
      const text = await readObject(session, path);
      return ledger.allows(path, text ?? 'unreadable', gone)
        ? []
        : [`${path} is ${text}, not ${ledger.expected(path, gone)}`];
    }),
  );
  return all.flat();
}
