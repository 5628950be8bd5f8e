import { randomBytes } from 'node:crypto';
import { atLeast, type Version } from '#shared/api/versions.ts';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { ok } from '#shared/http/route.ts';
import type { Compute } from '../../context.ts';
import { rescueServer, unrescueServer } from '../../workflows/rescue-server.ts';
import { nothing, serverAction } from '../action.ts';
import { beginTask } from '../begin-task.ts';
import { requestedImage } from '../disk-sources.ts';
import { referencesOf } from '../references.ts';
import { powerOf, type ServerTransition } from '../states.ts';
import type { ImageCopy, Server } from '../store.ts';

const rescuing: ServerTransition = {
  name: 'rescue',
  from: { vmState: ['active', 'stopped', 'error'] },
  meanwhile: { taskState: 'rescuing' },
};
const unrescuing: ServerTransition = {
  name: 'unrescue',
  from: { vmState: ['rescued'] },
  meanwhile: { taskState: 'unrescuing' },
};

type RescueInput = { readonly adminPass?: string; readonly rescue_image_ref?: string } | null;

/** Boots the server from a disk of its own; its other disks are where they were. */
export const rescue = serverAction<RescueInput>({
  key: 'rescue',
  rule: 'os-rescue',
  input: {
    type: ['object', 'null'],
    additionalProperties: false,
    properties: {
      adminPass: { type: 'string' },
      rescue_image_ref: { type: 'string', minLength: 1, maxLength: 255 },
    },
  },
  answer: async (compute, { caller, version }, server, input) => {
    const rescueImage = await imageOf(compute, caller, server, { version, ref: input?.rescue_image_ref });
    await beginRescue(compute, caller, server, rescueImage);
    return ok({ adminPass: input?.adminPass ?? randomBytes(9).toString('base64url') });
  },
});

export const beginRescue = (compute: Compute, caller: Caller, server: Server, rescueImage: ImageCopy) =>
  beginTask(compute, caller, server, {
    transitions: [rescuing],
    workflow: rescueServer,
    params: () => ({ serverId: server.id, power: powerOf(server) }),
    change: () => ({ rescueImage }),
    action: 'rescue',
    event: 'compute_rescue_instance',
  });

interface RescueImage {
  readonly version: Version;
  readonly ref: string | undefined;
}

/** A server that boots from a volume needs an image that says how it is attached, from 2.87 on, as in Nova. */
async function imageOf(
  compute: Compute,
  caller: Caller,
  { id, image, flavor }: Server,
  { version, ref }: RescueImage,
): Promise<ImageCopy> {
  const imageId = ref?.split('/').at(-1) ?? image?.id;
  if (image === null && !atLeast(version, '2.87')) throw notBacked(id, 'Cannot rescue a volume-backed instance');
  if (imageId === undefined)
    throw notBacked(id, 'Unable to rescue a volume-backed instance without an image: name one as rescue_image_ref');
  const found = await requestedImage(referencesOf(compute, caller), imageId, { ...flavor, diskGb: 0 });
  const { hw_rescue_device: device, hw_rescue_bus: bus } = found.properties;
  if (image === null && device === undefined && bus === undefined)
    throw notBacked(
      id,
      'Cannot rescue a volume-backed instance with an image without hw_rescue_device or hw_rescue_bus',
    );
  if (bus === 'sata' && device !== 'cdrom')
    throw badRequest(`Image ${imageId} asks for hw_rescue_bus=sata, which is for hw_rescue_device=cdrom only.`);
  return found;
}

const notBacked = (id: string, why: string) => badRequest(`Instance ${id} cannot be rescued: ${why}`);

export const unrescue = serverAction({
  key: 'unrescue',
  rule: 'os-unrescue',
  input: nothing,
  act: (compute, { caller }, server) => beginUnrescue(compute, caller, server),
});

export const beginUnrescue = (compute: Compute, caller: Caller, server: Server) =>
  beginTask(compute, caller, server, {
    transitions: [unrescuing],
    workflow: unrescueServer,
    params: () => ({ serverId: server.id }),
    action: 'unrescue',
  });
