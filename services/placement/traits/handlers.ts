import { badRequest } from '#shared/errors/fault.ts';
import { type Handler, noContent, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { deleteName, ensureName, type NameKind, requireName } from '../names/operations.ts';
import { alreadyChanged, changeProvider } from '../providers/operations.ts';
import { getProvider } from '../providers/store.ts';
import { cacheHeaders } from '../versions/cache-headers.ts';
import { providerTraits, traits } from './store.ts';

const kind: NameKind = {
  names: traits,
  path: '/traits',
  isUsed: async (db, name) => (await providerTraits.used(db, [name])).length > 0,
  missing: (name) => `No such trait(s): ${name}.`,
  standard: (name) => `Cannot delete standard trait ${name}.`,
  used: (name) => `The trait ${name} is in use by a resource provider.`,
  invalid: () =>
    'The trait is invalid. A valid trait must be no longer than 255 characters, start with the prefix "CUSTOM_" and use following characters: "A"-"Z", "0"-"9" and "_"',
};

export const list: Handler<Placement> = async ({ db }, { query }) => {
  const hasName = nameFilter(query.name);
  const associated = query.associated?.toLowerCase();
  if (associated !== undefined && associated !== 'true' && associated !== 'false')
    throw badRequest('The query parameter "associated" only accepts "true" or "false"');
  const named = (await traits.list(db)).filter(hasName);
  if (associated === undefined) return ok({ traits: named });
  const used = new Set(await providerTraits.used(db));
  return ok({ traits: named.filter((name) => used.has(name) === (associated === 'true')) });
};

function nameFilter(text: string | undefined): (name: string) => boolean {
  if (text === undefined) return () => true;
  const [operator = '', value = ''] = text.split(/:(.*)/s);
  if (operator === 'in') return (name) => value.split(',').includes(name);
  if (operator === 'startswith') return (name) => name.startsWith(value);
  throw badRequest(
    `Badly formatted name parameter. Expected name query string parameter in form: ?name=[in|startswith]:[name1,name2|prefix]. Got: "${text}"`,
  );
}

export const show: Handler<Placement, unknown, 'name'> = async ({ db }, { params }) => {
  await requireName(db, kind, params.name);
  return noContent();
};

export const ensure: Handler<Placement, unknown, 'name'> = async ({ db }, { params, version }) => {
  const { headers, ...answer } = await ensureName(db, kind, params.name);
  return { ...answer, headers: { ...headers, ...cacheHeaders(version) } };
};

export const remove: Handler<Placement, unknown, 'name'> = async ({ db }, { params }) => {
  await deleteName(db, kind, params.name);
  return noContent();
};

export const listOfProvider: Handler<Placement, unknown, 'uuid'> = async ({ db }, { params }) => {
  const { uuid, generation } = await getProvider(db, params.uuid);
  return ok({ traits: await providerTraits.of(db, uuid), resource_provider_generation: generation });
};

interface TraitsInput {
  readonly traits: readonly string[];
  readonly resource_provider_generation: number;
}

export const replaceOfProvider: Handler<Placement, TraitsInput, 'uuid'> = async ({ db }, { params, body }) => {
  const { uuid } = await getProvider(db, params.uuid);
  const read = { uuid, generation: body.resource_provider_generation };
  const generation = await changeProvider(db, read, alreadyChanged, async (tx) => {
    const unknown = await traits.unknown(tx, body.traits);
    if (unknown.length > 0) throw badRequest(`No such trait ${unknown.join(', ')}`);
    await providerTraits.replace(tx, uuid, body.traits);
  });
  return ok({ traits: [...new Set(body.traits)], resource_provider_generation: generation });
};

export const removeAllOfProvider: Handler<Placement, unknown, 'uuid'> = async ({ db }, { params }) => {
  const provider = await getProvider(db, params.uuid);
  await changeProvider(db, provider, alreadyChanged, (tx) => providerTraits.replace(tx, provider.uuid, []));
  return noContent();
};
