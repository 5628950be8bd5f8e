import { atLeast, since, type Version, view } from '#shared/api/versions.ts';
import type { Provider } from './store.ts';

const relations: readonly [string, Version][] = [
  ['inventories', '1.0'],
  ['usages', '1.0'],
  ['aggregates', '1.1'],
  ['traits', '1.6'],
  ['allocations', '1.11'],
];

const identity = view<Provider>(
  since('1.0', ({ uuid, name, generation }) => ({ uuid, name, generation })),
  since('1.14', ({ parentUuid, rootUuid }) => ({ parent_provider_uuid: parentUuid, root_provider_uuid: rootUuid })),
);

export const providerUrl = (uuid: string) => `/resource_providers/${uuid}`;

export function providerView(provider: Provider, version: Version): Record<string, unknown> {
  const url = providerUrl(provider.uuid);
  const known = relations.filter(([, first]) => atLeast(version, first));
  const links = [{ rel: 'self', href: url }, ...known.map(([rel]) => ({ rel, href: `${url}/${rel}` }))];
  return { ...identity(provider, version), links };
}
