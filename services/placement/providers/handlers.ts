import { atLeast } from '#shared/api/versions.ts';
import { gone, type Handler, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { cacheHeaders } from '../versions/cache-headers.ts';
import { createProvider as create, type ProviderInput, deleteProvider as remove, saveProvider } from './operations.ts';
import { searchProviders } from './search.ts';
import { getProvider } from './store.ts';
import { providerUrl, providerView } from './view.ts';

export const listProviders: Handler<Placement> = async (placement, { queries, version }) => {
  const providers = await searchProviders(placement, queries, version);
  return ok({ resource_providers: providers.map((each) => providerView(each, version)) }, cacheHeaders(version));
};

export const showProvider: Handler<Placement> = async ({ db }, { params, version }) => {
  const provider = await getProvider(db, params.uuid ?? '');
  return ok(providerView(provider, version), cacheHeaders(version, provider.updatedAt));
};

export const createProvider: Handler<Placement, ProviderInput> = async (placement, { body, base, version }) => {
  const provider = await create(placement, body);
  const location = base + providerUrl(provider.uuid);
  if (!atLeast(version, '1.20')) return { status: 201, headers: { location } };
  return ok(providerView(provider, version), { location, ...cacheHeaders(version) });
};

export const updateProvider: Handler<Placement, ProviderInput> = async (placement, { params, body, version }) => {
  const provider = await saveProvider(placement, params.uuid ?? '', body, atLeast(version, '1.37'));
  return ok(providerView(provider, version), cacheHeaders(version));
};

export const deleteProvider: Handler<Placement> = async (placement, { params }) => {
  await remove(placement, params.uuid ?? '');
  return gone();
};
