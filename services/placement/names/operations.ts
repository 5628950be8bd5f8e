import type { Knex } from 'knex';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import type { Answer } from '#shared/http/route.ts';
import type { Vocabulary } from './store.ts';

/** Resource classes or traits, with the words of their refusals. */
export interface NameKind {
  readonly names: Vocabulary;
  /** `/traits` */
  readonly path: string;
  isUsed(db: Knex, name: string): Promise<boolean>;
  missing(name: string): string;
  standard(name: string): string;
  used(name: string): string;
  invalid(name: string): string;
}

/** Throws 404 when the name does not exist. */
export async function requireName(db: Knex, { names, missing }: NameKind, name: string): Promise<void> {
  if ((await names.unknown(db, [name])).length > 0) throw new Fault(404, 'notFound', missing(name));
}

/** Answers 201 when the name is new, otherwise 204. */
export async function ensureName(db: Knex, { names, path, invalid }: NameKind, name: string): Promise<Answer> {
  if (!/^CUSTOM_[A-Z0-9_]+$/.test(name) || name.length > 255) throw badRequest(invalid(name));
  const isNew = await names.ensure(db, name);
  return { status: isNew ? 201 : 204, headers: { location: `${path}/${name}` } };
}

export async function deleteName(db: Knex, kind: NameKind, name: string): Promise<void> {
  await requireName(db, kind, name);
  if (kind.names.isStandard(name)) throw badRequest(kind.standard(name));
  if (await kind.isUsed(db, name)) throw conflict(kind.used(name));
  await kind.names.remove(db, name);
}
