import { randomBytes } from 'node:crypto';
import type { Json } from '#shared/api/document.ts';
import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { accepted, type Call } from '#shared/http/route.ts';
import { canonical } from '#shared/net/addresses.ts';
import { attachmentTable } from '../../attachments/store.ts';
import { nameSchema, pairsSchema } from '../../attributes.ts';
import type { Compute } from '../../context.ts';
import { getKeypair } from '../../keypairs/store.ts';
import { computeQuotas } from '../../quotas/operations.ts';
import { isTrue } from '../../values.ts';
import { rebuildServer } from '../../workflows/rebuild-server.ts';
import { serverAction } from '../action.ts';
import { beginTask } from '../begin-task.ts';
import { requestedImage } from '../disk-sources.ts';
import { checkMetadata } from '../launch.ts';
import { referencesOf } from '../references.ts';
import type { ServerTransition } from '../states.ts';
import { getServer, type ImageCopy, type Server, type ServerChange } from '../store.ts';
import { rebuiltView } from '../view.ts';
import { viewInput } from '../view-input.ts';

interface RebuildInput {
  readonly imageRef: string;
  readonly name?: string;
  readonly adminPass?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly description?: string | null;
  readonly key_name?: string | null;
  readonly user_data?: string | null;
  readonly hostname?: string;
  readonly preserve_ephemeral?: boolean | string;
  readonly personality?: readonly object[];
  readonly accessIPv4?: string;
  readonly accessIPv6?: string;
  readonly 'OS-DCF:diskConfig'?: 'AUTO' | 'MANUAL';
}

const since = (version: Version) => ({ 'x-openstack': { 'min-ver': version } });
const line = { maxLength: 255, pattern: '^[^\\p{C}\\p{Zl}\\p{Zp}]*$' };

const schema: Json = {
  type: 'object',
  required: ['imageRef'],
  additionalProperties: false,
  properties: {
    imageRef: { type: 'string', format: 'uuid' },
    name: nameSchema,
    adminPass: { type: 'string' },
    metadata: pairsSchema,
    preserve_ephemeral: { type: ['boolean', 'string'] },
    personality: { type: 'array', items: { type: 'object' }, 'x-openstack': { 'max-ver': '2.56' } },
    accessIPv4: { type: 'string', format: 'ipv4' },
    accessIPv6: { type: 'string', format: 'ipv6' },
    'OS-DCF:diskConfig': { enum: ['AUTO', 'MANUAL'] },
    description: { type: ['string', 'null'], ...line, ...since('2.19') },
    key_name: { type: ['string', 'null'], minLength: 1, maxLength: 255, ...since('2.54') },
    user_data: {
      type: ['string', 'null'],
      maxLength: 65_535,
      pattern: '^[A-Za-z0-9+/=\\s]*$',
      ...since('2.57'),
    },
    trusted_image_certificates: { type: 'null', ...since('2.63') },
    hostname: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[a-zA-Z0-9-._]+$', ...since('2.90') },
  },
};

const transition: ServerTransition = {
  name: 'rebuild',
  from: { vmState: ['active', 'stopped', 'error'] },
  meanwhile: { taskState: 'rebuilding' },
};

/** Replaces what the image gave: the disks that are not volumes, and what the config drive says. */
export const rebuild = serverAction<RebuildInput>({
  key: 'rebuild',
  rule: 'servers:rebuild',
  input: schema,
  answer: async (compute, call, server, input) => {
    const adminPass = input.adminPass ?? randomBytes(9).toString('base64url');
    await beginRebuild(compute, call, server, input, adminPass);
    const now = await getServer(compute.db, call.caller, server.id);
    const view = rebuiltView(await viewInput(compute, call, now), call.version);
    return accepted({ server: { ...view, adminPass } }, { location: `${call.base}/v2.1/servers/${server.id}` });
  },
});

export async function beginRebuild(
  compute: Compute,
  { caller, version }: Pick<Call, 'caller' | 'version'>,
  server: Server,
  input: RebuildInput,
  adminPass: string,
): Promise<void> {
  if (server.host === null) throw conflict(`Instance ${server.id} has no host: it was never launched.`);
  refuseUnsupported(input);
  checkMetadata(input.metadata ?? {}, await computeQuotas.limits(compute, server.projectId));
  const image = server.image === null ? null : await newImage(compute, caller, server, input.imageRef);
  if (image === null) await requireSameImage(compute, server, input.imageRef, version);
  const key = await newKey(compute, server, input);
  const power = server.vmState === 'stopped' ? ('off' as const) : ('on' as const);
  const { image: before, imageId, rootSource } = server;
  await beginTask(compute, caller, server, {
    transitions: [transition],
    workflow: rebuildServer,
    params: () => ({
      serverId: server.id,
      adminPass: compute.seal.seal(adminPass),
      power,
      before: { image: before, imageId, rootSource },
    }),
    change: (generation) => ({
      ...changeOf(input),
      ...key,
      ...(image === null
        ? {}
        : { image, imageId: image.id, rootSource: { imageId: image.id, format: image.format, generation } }),
    }),
    action: 'rebuild',
    event: 'compute_rebuild_instance',
  });
}

function refuseUnsupported({ preserve_ephemeral, personality = [] }: RebuildInput): void {
  if (isTrue(preserve_ephemeral ?? false))
    throw badRequest('The current driver does not support preserving ephemeral partitions.');
  if (personality.length > 0)
    throw badRequest('Files of personality are not supported: send them as user_data instead (from 2.57).');
}

async function newImage(compute: Compute, caller: Call['caller'], server: Server, id: string): Promise<ImageCopy> {
  return requestedImage(referencesOf(compute, caller), id, server.flavor);
}

/** A volume is not written anew: its image must be the one that is asked for. */
async function requireSameImage({ db, volumes }: Compute, { id }: Server, imageId: string, version: Version) {
  const root = (await attachmentTable.list(db, id)).find(({ bootIndex }) => bootIndex === 0);
  const { volume_image_metadata: of = {} } = root?.volumeId ? await volumes.show(root.volumeId) : {};
  if (of.image_id === imageId) return;
  if (!atLeast(version, '2.93'))
    throw badRequest('Unable to rebuild with a different image for a volume-backed server.');
  throw badRequest(
    `Volume ${root?.volumeId ?? ''} was not made from image ${imageId}, and volumes cannot be written anew: ` +
      'create a volume from that image, and a server from it.',
  );
}

async function newKey({ db }: Compute, { userId }: Server, { key_name: name }: RebuildInput) {
  if (name === undefined) return {};
  if (name === null) return { keyName: null, keyData: null };
  const { publicKey } = await getKeypair(db, userId, name).catch((error: unknown) => {
    if (error instanceof Fault && error.status === 404) throw badRequest('Invalid key_name provided.');
    throw error;
  });
  return { keyName: name, keyData: publicKey };
}

function changeOf(input: RebuildInput): ServerChange {
  const { name, metadata, description, user_data: userData, hostname, accessIPv4, accessIPv6 } = input;
  const diskConfig = input['OS-DCF:diskConfig'];
  return {
    ...(name === undefined ? {} : { name }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(description === undefined ? {} : { description }),
    ...(userData === undefined ? {} : { userData }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(accessIPv4 === undefined ? {} : { accessIpv4: accessIPv4 }),
    ...(accessIPv6 === undefined ? {} : { accessIpv6: canonical(accessIPv6) ?? accessIPv6 }),
    ...(diskConfig === undefined ? {} : { diskConfig }),
  };
}
