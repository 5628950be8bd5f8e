/** Values as this API's clients write them, and as it writes them. */
import { randomUUID } from 'node:crypto';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';

/** May the caller do this to that thing? */
export type May = Call['may'];

/** Clients send true, "True", "1" and 1 for the same. */
export function truth(value: unknown, name: string): boolean {
  const word = String(value).toLowerCase();
  if (['true', '1', 'yes'].includes(word)) return true;
  if (['false', '0', 'no'].includes(word)) return false;
  throw badRequest(`Invalid input for ${name}. Reason: '${value}' cannot be converted to boolean.`, 'HTTPBadRequest');
}

/** Whose it is, as rules and clients spell it. */
export const ownersOf = ({ projectId }: { readonly projectId: string }) => ({
  project_id: projectId,
  tenant_id: projectId,
});

/** Neutron's general refusal of a value. */
export const invalidInput = (why: string): Fault => badRequest(`Invalid input for operation: ${why}.`, 'InvalidInput');
export const badResource = (resource: string, why: string): Fault =>
  badRequest(`Bad ${resource} request: ${why}.`, 'BadRequest');
/** A 404 in the words of one resource. */
export const missing = (type: string, message: string): Fault => new Fault(404, 'notFound', message, { type });

/** The columns that every resource begins with. */
export function freshRow(projectId: string, { name = '', description = '' }: Described, revision = 1) {
  const now = Date.now();
  return { id: randomUUID(), projectId, name, description, tags: [], createdAt: now, updatedAt: now, revision };
}

interface Described {
  readonly name?: string;
  readonly description?: string;
}
