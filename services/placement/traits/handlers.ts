import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { gone, type Handler, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { codes } from '../dialect.ts';
import { getProvider, raiseGeneration } from '../providers/store.ts';
import { cacheHeaders } from '../versions/cache-headers.ts';
import {
  ensureTrait,
  isStandardTrait,
  listTraits as listRows,
  removeTrait,
  replaceTraits,
  traitsOf,
  unknownTraits,
  usedTraits,
} from './store.ts';

const traitNotFound = (name: string) => new Fault(404, 'notFound', `No such trait(s): ${name}.`);

export const listTraits: Handler<Placement> = async ({ db }, { query, version }) => {
  const pick = nameFilter(query.name);
  const associated = query.associated?.toLowerCase();
  if (associated !== undefined && associated !== 'true' && associated !== 'false')
    throw badRequest('The query parameter "associated" only accepts "true" or "false"');
  const used = associated === undefined ? undefined : await usedTraits(db);
  const fits = (name: string) => pick(name) && (used === undefined || used.has(name) === (associated === 'true'));
  return ok({ traits: (await listRows(db)).filter(fits) }, cacheHeaders(version));
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

export const showTrait: Handler<Placement> = async ({ db }, { params, version }) => {
  const { name = '' } = params;
  if ((await unknownTraits(db, [name])).length > 0) throw traitNotFound(name);
  return gone(cacheHeaders(version));
};

export const putTrait: Handler<Placement> = async ({ db }, { params, version }) => {
  const { name = '' } = params;
  if (!/^CUSTOM_[A-Z0-9_]+$/.test(name) || name.length > 255)
    throw badRequest(
      'The trait is invalid. A valid trait must be no longer than 255 characters, start with the prefix "CUSTOM_" and use following characters: "A"-"Z", "0"-"9" and "_"',
    );
  const isNew = await ensureTrait(db, name);
  return { status: isNew ? 201 : 204, headers: { location: `/traits/${name}`, ...cacheHeaders(version) } };
};

export const deleteTrait: Handler<Placement> = async ({ db }, { params }) => {
  const { name = '' } = params;
  if ((await unknownTraits(db, [name])).length > 0) throw traitNotFound(name);
  if (isStandardTrait(name)) throw badRequest(`Cannot delete standard trait ${name}.`);
  if ((await usedTraits(db)).has(name)) throw conflict(`The trait ${name} is in use by a resource provider.`);
  await removeTrait(db, name);
  return gone();
};

export const showProviderTraits: Handler<Placement> = async ({ db }, { params, version }) => {
  const provider = await getProvider(db, params.uuid ?? '');
  const traits = (await traitsOf(db, [provider.uuid])).get(provider.uuid) ?? [];
  return ok({ traits, resource_provider_generation: provider.generation }, cacheHeaders(version));
};

interface TraitsInput {
  readonly traits: readonly string[];
  readonly resource_provider_generation: number;
}
const generationConflict =
  "Resource provider's generation already changed. Please update the generation and try again.";

export const putProviderTraits: Handler<Placement, TraitsInput> = async ({ db }, { params, body, version }) => {
  const provider = await getProvider(db, params.uuid ?? '');
  if (provider.generation !== body.resource_provider_generation)
    throw conflict(generationConflict, codes.concurrentUpdate);
  const generation = await db.transaction(async (tx) => {
    const unknown = await unknownTraits(tx, body.traits);
    if (unknown.length > 0) throw badRequest(`No such trait ${unknown.join(', ')}`);
    await replaceTraits(tx, provider.uuid, body.traits);
    return raiseGeneration(tx, provider, generationConflict);
  });
  const traits = [...new Set(body.traits)];
  return ok({ traits, resource_provider_generation: generation }, cacheHeaders(version));
};

export const deleteProviderTraits: Handler<Placement> = async ({ db }, { params }) => {
  const provider = await getProvider(db, params.uuid ?? '');
  await db.transaction(async (tx) => {
    await replaceTraits(tx, provider.uuid, []);
    await raiseGeneration(tx, provider, generationConflict);
  });
  return gone();
};
