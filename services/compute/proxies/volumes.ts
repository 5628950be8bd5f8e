/** Nova's APIs of volumes and snapshots until 2.35. Calls the volume service with the caller's token. */
import { shortTime, timeOf } from '#shared/api/times.ts';
import type { SnapshotJson, VolumeJson } from '#shared/clients/volume.ts';
import { accepted, type Call, type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { missing } from './missing.ts';

interface Volume extends VolumeJson {
  readonly description?: string | null;
  readonly availability_zone?: string;
  readonly volume_type?: string | null;
  readonly snapshot_id?: string | null;
  readonly created_at?: string;
  readonly attachments?: readonly {
    readonly server_id: string;
    readonly volume_id?: string;
    readonly device?: string;
  }[];
}
interface Snapshot extends SnapshotJson {
  readonly name?: string | null;
  readonly description?: string | null;
  readonly created_at?: string;
}

const created = (text = '') => shortTime(timeOf(text) ?? 0).replace('Z', '');

const attachmentsOf = ({ id, attachments = [] }: Volume) =>
  attachments.length === 0
    ? [{}]
    : attachments.map(({ server_id, device = '' }) => ({ id, volumeId: id, serverId: server_id, device }));

const volumeView = (volume: Volume) => ({
  id: volume.id,
  status: volume.status,
  size: volume.size,
  availabilityZone: volume.availability_zone ?? 'nova',
  createdAt: created(volume.created_at),
  displayName: volume.name,
  displayDescription: volume.description ?? null,
  volumeType: volume.volume_type ?? null,
  snapshotId: volume.snapshot_id ?? null,
  metadata: volume.metadata ?? {},
  attachments: attachmentsOf(volume),
});

const snapshotView = (snapshot: Snapshot) => ({
  id: snapshot.id,
  status: snapshot.status,
  size: snapshot.size,
  volumeId: snapshot.volume_id,
  createdAt: created(snapshot.created_at),
  displayName: snapshot.name ?? null,
  displayDescription: snapshot.description ?? null,
});

/** Nova reads all and cuts. */
function cut<T>(found: readonly T[], { limit, offset = '0' }: Call['query']): readonly T[] {
  const from = found.slice(Number(offset) || 0);
  return limit === undefined ? from : from.slice(0, Number(limit) || 0);
}

const list =
  (kind: 'volumes' | 'snapshots', view: (row: never) => object): Handler<Compute> =>
  async ({ volumes }, { caller, query }) => {
    const found = await volumes.forward<Record<string, never[]>>(`/${kind}/detail`, { token: caller.token });
    return ok({ [kind]: cut(found[kind] ?? [], query).map((row) => view(row)) });
  };

const showVolume: Handler<Compute, unknown, 'id'> = async ({ volumes }, { caller, params }) =>
  ok({ volume: volumeView(await volumes.show(params.id, caller.token).catch(missing('Volume'))) });

const showSnapshot: Handler<Compute, unknown, 'id'> = async ({ volumes }, { caller, params }) =>
  ok({ snapshot: snapshotView(await volumes.showSnapshot(params.id, caller.token).catch(missing('Snapshot'))) });

interface VolumeBody {
  readonly volume: {
    readonly size: number | string;
    readonly display_name?: string;
    readonly display_description?: string;
    readonly volume_type?: string;
    readonly metadata?: Readonly<Record<string, string>> | null;
    readonly snapshot_id?: string;
    readonly availability_zone?: string;
  };
}

const createVolume: Handler<Compute, VolumeBody> = async ({ volumes }, { caller, body, base }) => {
  const { display_name: name, display_description: description, size, metadata, ...rest } = body.volume;
  const volume = { ...rest, size: Number(size), name, description, metadata: metadata ?? {} };
  const made = await volumes.forward<{ volume: Volume }>('/volumes', {
    method: 'POST',
    body: { volume },
    token: caller.token,
  });
  return ok({ volume: volumeView(made.volume) }, { location: `${base}/v2.1/os-volumes/${made.volume.id}` });
};

interface SnapshotBody {
  readonly snapshot: {
    readonly volume_id: string;
    readonly display_name?: string;
    readonly display_description?: string;
    readonly force?: boolean | string;
  };
}

const createSnapshot: Handler<Compute, SnapshotBody> = async ({ volumes }, { caller, body }) => {
  const { display_name: name, display_description: description, volume_id, force = false } = body.snapshot;
  const made = await volumes.createSnapshot({ volume_id, name, description, force }, caller.token);
  return ok({ snapshot: snapshotView(made) });
};

const remove =
  (kind: 'volumes' | 'snapshots', noun: string): Handler<Compute, unknown, 'id'> =>
  async ({ volumes }, { caller, params }) => {
    const path = `/${kind}/${encodeURIComponent(params.id)}`;
    await volumes.forward(path, { method: 'DELETE', token: caller.token }).catch(missing(noun));
    return accepted();
  };

const until = '2.35';
const rule = 'os_compute_api:os-volumes';
const volumesPath = '/v2.1/os-volumes';
const snapshotsPath = '/v2.1/os-snapshots';

export const volumeProxyRoutes: Route<Compute>[] = [
  { method: 'get', path: volumesPath, handler: list('volumes', volumeView), rule: `${rule}:list`, until },
  { method: 'post', path: volumesPath, handler: createVolume, rule: `${rule}:create`, until },
  { method: 'get', path: `${volumesPath}/detail`, handler: list('volumes', volumeView), rule: `${rule}:detail`, until },
  { method: 'get', path: `${volumesPath}/:id`, handler: showVolume, rule: `${rule}:show`, until },
  { method: 'delete', path: `${volumesPath}/:id`, handler: remove('volumes', 'Volume'), rule: `${rule}:delete`, until },
  {
    method: 'get',
    path: snapshotsPath,
    handler: list('snapshots', snapshotView),
    rule: `${rule}:snapshots:list`,
    until,
  },
  { method: 'post', path: snapshotsPath, handler: createSnapshot, rule: `${rule}:snapshots:create`, until },
  {
    method: 'get',
    path: `${snapshotsPath}/detail`,
    handler: list('snapshots', snapshotView),
    rule: `${rule}:snapshots:detail`,
    until,
  },
  { method: 'get', path: `${snapshotsPath}/:id`, handler: showSnapshot, rule: `${rule}:snapshots:show`, until },
  {
    method: 'delete',
    path: `${snapshotsPath}/:id`,
    handler: remove('snapshots', 'Snapshot'),
    rule: `${rule}:snapshots:delete`,
    until,
  },
];
