import { atLeast } from '#shared/api/versions.ts';
import { gone, type Handler, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { fresh } from '../versions/fresh.ts';
import { changeProvider, createProvider, deleteProvider, type ProviderInput } from './operations.ts';
import { searchProviders } from './search.ts';
import { findProvider } from './store.ts';
import { providerUrl, providerView } from './view.ts';

export const showProviders: Handler<Placement> = async (placement, { queries, version }) => {
  const providers = await searchProviders(placement, queries, version);
  return ok({ resource_providers: providers.map((each) => providerView(each, version)) }, fresh(version));
};

export const showProvider: Handler<Placement> = async ({ db }, { params, version }) => {
  const provider = await findProvider(db, params.uuid ?? '');
  return ok(providerView(provider, version), fresh(version, provider.updatedAt));
};

export const postProvider: Handler<Placement, ProviderInput> = async (placement, { body, base, version }) => {
  const provider = await createProvider(placement, body);
  const location = base + providerUrl(provider.uuid);
  if (!atLeast(version, '1.20')) return { status: 201, headers: { location } };
  return ok(providerView(provider, version), { location, ...fresh(version) });
};

export const putProvider: Handler<Placement, ProviderInput> = async (placement, { params, body, version }) => {
  const provider = await changeProvider(placement, params.uuid ?? '', body, atLeast(version, '1.37'));
  return ok(providerView(provider, version), fresh(version));
};

export const removeOneProvider: Handler<Placement> = async (placement, { params }) => {
  await deleteProvider(placement, params.uuid ?? '');
  return gone();
};
