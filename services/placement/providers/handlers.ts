import { atLeast } from '#shared/api/versions.ts';
import { type Handler, noContent, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { dated } from '../versions/cache-headers.ts';
import { createProvider, deleteProvider, type ProviderInput, saveProvider } from './operations.ts';
import { searchProviders } from './search.ts';
import { getProvider } from './store.ts';
import { providerUrl, providerView } from './view.ts';

export const list: Handler<Placement> = async (placement, { queries, version }) => {
  const providers = await searchProviders(placement, queries, version);
  return ok({ resource_providers: providers.map((each) => providerView(each, version)) });
};

export const show: Handler<Placement, unknown, 'uuid'> = async ({ db }, { params, version }) => {
  const provider = await getProvider(db, params.uuid);
  return dated(providerView(provider, version), provider.updatedAt);
};

export const create: Handler<Placement, ProviderInput> = async (placement, { body, base, version }) => {
  const provider = await createProvider(placement, body);
  const location = base + providerUrl(provider.uuid);
  if (!atLeast(version, '1.20')) return { status: 201, headers: { location } };
  return ok(providerView(provider, version), { location });
};

export const update: Handler<Placement, ProviderInput, 'uuid'> = async (placement, { params, body, version }) => {
  const provider = await saveProvider(placement, params.uuid, body, atLeast(version, '1.37'));
  return ok(providerView(provider, version));
};

export const remove: Handler<Placement, unknown, 'uuid'> = async (placement, { params }) => {
  await deleteProvider(placement, params.uuid);
  return noContent();
};
