/** Nova's API of the metadata of images until 2.38: their properties in the image service. */
import { type Image, propertiesOf } from '#shared/clients/image.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { anyToken, noContent } from '#shared/http/route.ts';
import { type Metadata, metadata } from '#shared/resource/metadata.ts';
import type { Compute } from '../context.ts';
import { computeQuotas } from '../quotas/operations.ts';
import { missing } from './missing.ts';

const pointer = (key: string) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** What turns one set of properties into another. */
function patchOf(image: Image, before: Metadata, after: Metadata): object[] {
  const removed = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  const changed = Object.entries(after).filter(([key, value]) => before[key] !== value);
  return [
    ...removed.map((key) => ({ op: 'remove', path: pointer(key) })),
    ...changed.map(([key, value]) => ({
      op: Object.hasOwn(image, key) ? 'replace' : 'add',
      path: pointer(key),
      value,
    })),
  ];
}

export const imageMetadataRoutes = metadata<Compute>({
  path: '/v2.1/images/:id/metadata',
  rules: { list: anyToken, add: anyToken, replace: anyToken, show: anyToken, set: anyToken, remove: anyToken },
  until: '2.38',
  removed: noContent(),
  missing: () => new Fault(404, 'notFound', 'Metadata item was not found'),
  read: async ({ images }, { caller, params }) =>
    propertiesOf(await images.show(params.id, caller.token).catch(missing('Image'))),
  change: async (compute, { caller, params }, change) => {
    const { images } = compute;
    const image = await images.show(params.id, caller.token).catch(missing('Image'));
    const before = propertiesOf(image);
    const after = change(before);
    const { metadata_items: most = -1 } = await computeQuotas.limits(compute, caller.projectId ?? '');
    if (most >= 0 && Object.keys(after).length > most)
      throw new Fault(403, 'forbidden', 'Image metadata limit exceeded');
    const patch = patchOf(image, before, after);
    if (patch.length > 0) await images.update(params.id, patch, caller.token).catch(asRefused);
    return after;
  },
});

const asRefused = (error: unknown): never => {
  if (error instanceof Fault && error.status === 409) throw badRequest(error.message);
  throw error;
};
